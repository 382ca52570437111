import type { SourceFailure } from "@gpt-agent/core/source-failures";

/** A file that cannot be read, with the reason its owner is told. */
export class ReadFailure extends Error {
  override name = "ReadFailure";
  readonly code: SourceFailure;
  constructor(code: SourceFailure, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** A stretch of a document's text. Blocks are in order, do not overlap and hold all of the text but the white space between. */
export type Block = {
  kind: "heading" | "paragraph" | "row";
  /** UTF-16 offsets into the text, end excluded. */
  start: number;
  end: number;
  /** Headings above the block, outermost first; a heading's own text is not among them. */
  headings: string[];
  /** Counts from 1. */
  page?: number;
};

/** What was read from a file. Every position is a UTF-16 offset into `text`. */
export type Document = {
  format: "pdf" | "docx" | "html" | "markdown" | "csv" | "text";
  title?: string;
  text: string;
  /** Only for formats that have pages. */
  pages?: number;
  blocks: Block[];
};

/** The most text that one source may hold, in UTF-16 code units: about 2,500 pages. */
export const MAX_TEXT_LENGTH = 6_000_000;
/** A heading path has at most this many headings, each of at most this many characters. */
const MAX_HEADINGS = 8;
const MAX_HEADING_LENGTH = 200;

/** Builds a document block by block, keeping the path of headings. */
export class DocumentBuilder {
  private readonly parts: string[] = [];
  private readonly blocks: Block[] = [];
  private readonly path: { level: number; text: string }[] = [];
  private headings: string[] = [];
  private length = 0;

  /** Adds a heading of a level (1 is the outermost); what follows stands under it. */
  heading(level: number, text: string, page?: number) {
    const heading = clean(text).replace(/\s+/g, " ");
    if (!heading) return;
    while (this.path.length && this.path.at(-1)!.level >= level) this.path.pop();
    this.headings = this.path.map((above) => above.text);
    this.add("heading", heading, page);
    if (this.path.length < MAX_HEADINGS) this.path.push({ level, text: shorten(heading) });
    this.headings = this.path.map((above) => above.text);
  }

  /** Adds a paragraph: prose that may be split where sentences end. */
  paragraph(text: string, page?: number) {
    this.add("paragraph", clean(text), page);
  }

  /** Adds a row of a table, which is kept whole where it can be. */
  row(text: string, page?: number) {
    this.add("row", clean(text), page);
  }

  /** @throws ReadFailure("no_text") when nothing was added */
  finish(format: Document["format"], more: { title?: string; pages?: number } = {}): Document {
    if (this.blocks.length === 0) throw new ReadFailure("no_text", "There is no text in the file");
    const title = more.title && clean(more.title).replace(/\s+/g, " ").slice(0, 300);
    return {
      format,
      text: this.parts.join(""),
      blocks: this.blocks,
      ...(title ? { title } : {}),
      ...(more.pages ? { pages: more.pages } : {}),
    };
  }

  private add(kind: Block["kind"], text: string, page?: number) {
    if (!text) return;
    const separator = this.length === 0 ? "" : kind === "row" && this.blocks.at(-1)?.kind === "row" ? "\n" : "\n\n";
    const start = this.length + separator.length;
    this.length = start + text.length;
    if (this.length > MAX_TEXT_LENGTH) throw new ReadFailure("too_complex", "There is more text than one source may hold");
    this.parts.push(separator, text);
    this.blocks.push({ kind, start, end: this.length, headings: this.headings, ...(page ? { page } : {}) });
  }
}

const shorten = (heading: string) =>
  heading.length > MAX_HEADING_LENGTH ? `${heading.slice(0, MAX_HEADING_LENGTH - 1).replace(/\p{Cs}/gu, "")}…` : heading;

/**
 * A text as it is kept: composed (NFC), line ends as \n, without characters that Postgres cannot store (NUL, lone
 * surrogates), other controls, soft hyphens, byte order marks, or invisible tag characters that only machines read.
 */
export function clean(text: string): string {
  return (
    text
      .replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
      .replace(/\p{Cs}/gu, "\ufffd")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to remove
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu, "")
      .split("\n")
      .map((line) => line.trimEnd())
      .join("\n")
      .normalize("NFC")
      .trim()
  );
}
