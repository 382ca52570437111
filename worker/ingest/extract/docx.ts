import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { type Document, ReadFailure } from "../document.ts";
import { readHtmlContent } from "./html.ts";

const MAX_ENTRIES = 5_000;
/** All that the archive unpacks to, pictures included, in bytes. */
const MAX_UNPACKED = 300 * 1024 * 1024;
/** What mammoth reads as XML trees, which take some ten times their size. */
const MAX_XML = 32 * 1024 * 1024;
/** Documents pack about ten to one; bombs a hundred and more. Small ones may pack as they like. */
const MAX_RATIO = 150;
const RATIO_COUNTS_FROM = 4 * 1024 * 1024;

/**
 * A Word document: headings by their styles, tables as rows. The archive is checked before anything is built from it;
 * pictures are left out; nothing outside of the file is read.
 * @throws ReadFailure for archives that are damaged, protected, bombs, or carry macros
 */
export async function readDocx(bytes: Uint8Array): Promise<Document> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  await checkArchive(buffer);
  const { default: mammoth } = await import("mammoth");
  const { value } = await mammoth.convertToHtml(
    { buffer },
    {
      externalFileAccess: false,
      convertImage: mammoth.images.imgElement(async () => ({ src: "" })),
      styleMap: ["p[style-name='Title'] => h1:fresh", "p[style-name='Название'] => h1:fresh", "p[style-name='Subtitle'] => p:fresh"],
    },
  );
  return readHtmlContent(value).finish("docx");
}

/**
 * Looks at every entry of a Word document's archive and unpacks it once without keeping it: what the directory says of
 * sizes may be a lie.
 */
async function checkArchive(buffer: Buffer): Promise<void> {
  const zip = await fromBufferPromise(buffer, { autoClose: false, validateEntrySizes: true }).catch((cause) => {
    throw new ReadFailure("damaged", "The archive cannot be opened", { cause });
  });
  let unpacked = 0;
  let hasDocument = false;
  try {
    if (zip.entryCount > MAX_ENTRIES) throw new ReadFailure("too_complex", `The archive has ${zip.entryCount} entries`);
    for await (const entry of zip.eachEntry()) {
      // Names that lead out of the archive (absolute, with "..") are refused by yauzl itself.
      const name = String(entry.fileName);
      if (entry.isEncrypted()) throw new ReadFailure("encrypted", "The archive is protected by a password");
      if (isLink(entry)) throw new ReadFailure("damaged", "The archive holds links to files outside of itself");
      if (/vbaProject\.bin$|\.(exe|dll|js|vbs|scr)$/i.test(name)) throw new ReadFailure("unsupported_type", "The document carries macros");
      hasDocument ||= name === "word/document.xml";
      if (name.endsWith("/")) continue;
      const isXml = /\.(xml|rels)$/i.test(name);
      const size = await unpackedSize(zip, entry, Math.min(MAX_UNPACKED - unpacked, isXml ? MAX_XML : Number.POSITIVE_INFINITY));
      unpacked += size;
      if (size > RATIO_COUNTS_FROM && size > entry.compressedSize * MAX_RATIO) throw tooBig();
      if (unpacked > RATIO_COUNTS_FROM && unpacked > buffer.length * MAX_RATIO) throw tooBig();
    }
    if (!hasDocument) throw new ReadFailure("damaged", "The archive holds no document");
  } catch (error) {
    if (error instanceof ReadFailure) throw error;
    throw new ReadFailure("damaged", "The archive cannot be unpacked", { cause: error });
  } finally {
    zip.close();
  }
}

const tooBig = () => new ReadFailure("too_complex", "The archive unpacks to far more than it should");

/** Unix symbolic links in an archive point wherever they like. */
const isLink = (entry: Entry) => ((entry.externalFileAttributes >>> 16) & 0xf000) === 0xa000;

/** Unpacks an entry without keeping it; throws as soon as it is larger than `limit` bytes. */
async function unpackedSize(zip: ZipFile, entry: Entry, limit: number): Promise<number> {
  let size = 0;
  for await (const part of await zip.openReadStreamPromise(entry)) {
    size += (part as Buffer).length;
    if (size > limit) throw tooBig();
  }
  return size;
}
