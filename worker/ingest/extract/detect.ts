import { fileTypeFromBuffer } from "file-type";
import { type Document, ReadFailure } from "../document.ts";
import { decode, isUtf8 } from "./decode.ts";

export type Detected =
  | { format: "pdf" | "docx"; bytes: Uint8Array }
  | { format: Exclude<Document["format"], "pdf" | "docx">; content: string };

/** Where a PDF's mark may stand: some programs write a few bytes before it, and readers allow it. */
const PDF_MARK_WITHIN = 1024;
/** The stream of a Compound File that holds an encrypted Office document; directory names are UTF-16. */
const ENCRYPTED_PACKAGE = Buffer.from("EncryptedPackage", "utf16le");

/**
 * What a file is, told by its bytes. Its claimed name only chooses between kinds of plain text, which have no mark.
 * @throws ReadFailure("empty" | "encrypted" | "unsupported_type")
 */
export async function detect(bytes: Uint8Array, name: string): Promise<Detected> {
  if (bytes.length === 0) throw new ReadFailure("empty", "The file is empty");
  const type = await markedType(bytes);
  if (type?.ext === "docx") return { format: "docx", bytes };
  if (type?.ext === "pdf" || (!type && latin1(bytes, PDF_MARK_WITHIN).includes("%PDF-"))) return { format: "pdf", bytes };
  if (type?.ext === "cfb" && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(ENCRYPTED_PACKAGE)) {
    throw new ReadFailure("encrypted", "The document is protected by a password");
  }
  // XML has a mark but no text of its own kind here; XHTML is XML.
  if (type && type.ext !== "xml") throw new ReadFailure("unsupported_type", `The file is ${type.mime}`);

  const head = latin1(bytes, 4096);
  const content = decode(bytes, declaredCharset(head));
  if (!content.replace(/[\s\0\ufeff]/g, "")) throw new ReadFailure("empty", "The file holds nothing but white space");
  if (isBinary(content)) throw new ReadFailure("unsupported_type", "The file is neither text nor a known document");
  return { format: textFormat(content, name), content };
}

/** Kinds that are text themselves and have a mark at their head. */
const MARKED_TEXT = new Set(["pdf", "rtf", "ps", "eps", "xml", "svg"]);

/**
 * The kind that the bytes' mark says. Some marks are two letters long ("BM", "MZ") or a byte order mark's twin: what is
 * plainly text is not taken for a picture.
 */
async function markedType(bytes: Uint8Array) {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return undefined;
  const type = await fileTypeFromBuffer(bytes).catch(() => undefined);
  if (!type || MARKED_TEXT.has(type.ext)) return type;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: text has none of these
  const isText = !/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(latin1(bytes, bytes.length)) && isUtf8(bytes);
  return isText ? undefined : type;
}

const latin1 = (bytes: Uint8Array, length: number) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, length)).toString("latin1");

function declaredCharset(head: string): string | undefined {
  return (
    /<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w-]{2,40})/i.exec(head)?.[1] ??
    /^<\?xml[^>]{0,100}encoding\s*=\s*["']([\w-]{2,40})/i.exec(head)?.[1]
  );
}

/** Text holds next to no control characters; a stray NUL in a large file is forgiven. */
function isBinary(content: string): boolean {
  const sample = content.slice(0, 64 * 1024);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: counting them is the point
  const odd = sample.match(/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffd]/g)?.length ?? 0;
  return odd > sample.length * 0.05;
}

function textFormat(content: string, name: string): "html" | "markdown" | "csv" | "text" {
  const start = content.slice(0, 2_000).trimStart();
  const extension = /\.([a-z0-9]{1,8})\s*$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  if (/^(<!--[\s\S]{0,1000}?-->\s*|<\?xml[^>]{0,200}\?>\s*)*<(!doctype\s+html|html|head|body)\b/i.test(start)) return "html";
  if (/^(x?html?|xhtml)$/.test(extension) && /<\/?[a-z][a-z0-9]*[\s>/]/i.test(content.slice(0, 200_000))) return "html";
  if (/^(md|markdown|mdown|mkd)$/.test(extension)) return "markdown";
  if (/^(csv|tsv|tab)$/.test(extension)) return "csv";
  return "text";
}
