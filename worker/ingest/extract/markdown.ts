import { type Document, DocumentBuilder } from "../document.ts";

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const ATX = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const TABLE_RULE = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const DEFINITION = /^ {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S+/;
/** Longer lines are prose or an attack; none is a heading, a rule or a table, and patterns are not tried on them. */
const MAX_STRUCTURE_LINE = 2_000;

/**
 * Markdown as people read it: headings make the path, tables become rows "Header: value", marks of emphasis, comments
 * and front matter go. Time grows linearly with the text, whatever is in it.
 */
export function readMarkdown(content: string): Document {
  const builder = new DocumentBuilder();
  const { title, body } = withoutFrontMatter(content.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n"));
  const lines = withoutComments(body).split("\n");
  let firstHeading: string | undefined;
  let paragraph: string[] = [];
  const flush = () => {
    builder.paragraph(paragraph.map(plain).join("\n"));
    paragraph = [];
  };
  const heading = (level: number, text: string) => {
    flush();
    firstHeading ??= plain(text);
    builder.heading(level, plain(text));
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const structured = line.length <= MAX_STRUCTURE_LINE;
    const fence = structured ? FENCE.exec(line)?.[1] : undefined;
    if (fence) {
      flush();
      const end = fenceEnd(lines, at + 1, fence);
      builder.paragraph(lines.slice(at + 1, end).join("\n"));
      at = end;
      continue;
    }
    const atx = structured ? ATX.exec(line) : null;
    if (atx) {
      heading(atx[1]!.length, atx[2] ?? "");
    } else if (!line.trim() || (structured && DEFINITION.test(line))) {
      flush();
    } else if (paragraph.length === 1 && /^ {0,3}(=+|-+)[ \t]*$/.test(line)) {
      const text = paragraph.pop()!;
      heading(line.trim().startsWith("=") ? 1 : 2, text);
    } else if (structured && RULE.test(line)) {
      flush();
    } else if (structured && line.includes("|") && isTableRule(lines[at + 1])) {
      flush();
      at = readTable(lines, at, builder);
    } else {
      paragraph.push(line.replace(/^ {0,3}>[ \t]?/, ""));
    }
  }
  flush();
  return builder.finish("markdown", { title: title ?? firstHeading });
}

/** The index of the line that closes a fence; the end of the text when none does. */
function fenceEnd(lines: string[], from: number, fence: string): number {
  for (let at = from; at < lines.length; at++) {
    const line = lines[at]!.trim();
    if (line.startsWith(fence) && !line.replaceAll(fence[0]!, "")) return at;
  }
  return lines.length;
}

const isTableRule = (line: string | undefined) =>
  line !== undefined && line.length <= MAX_STRUCTURE_LINE && line.includes("-") && line.includes("|") && TABLE_RULE.test(line);

/** Reads the table that begins at line `start`; returns the index of its last line. */
function readTable(lines: string[], start: number, builder: DocumentBuilder): number {
  const names = cells(lines[start]!);
  let at = start + 2;
  for (; at < lines.length && lines[at]!.includes("|") && lines[at]!.trim(); at++) {
    const row = cells(lines[at]!);
    builder.row(
      row
        .map((cell, column) => cell && (names[column] ? `${names[column]}: ${cell}` : cell))
        .filter(Boolean)
        .join("; "),
    );
  }
  return at - 1;
}

const cells = (line: string) =>
  line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => plain(cell.trim().replaceAll("\\|", "|")));

/** Splits off a YAML head; of its values only the title is used, and it is not parsed as YAML. */
function withoutFrontMatter(text: string): { title?: string; body: string } {
  if (!/^---[ \t]*\n/.test(text)) return { body: text };
  const end = /\n(?:---|\.\.\.)[ \t]*(?:\n|$)/.exec(text.slice(3, 64 * 1024));
  if (!end) return { body: text };
  const head = text.slice(3, 3 + end.index);
  const title = /^title[ \t]*:[ \t]*(.{1,300})$/m
    .exec(head)?.[1]
    ?.trim()
    .replace(/^(["'])(.*)\1$/, "$2");
  return { ...(title ? { title } : {}), body: text.slice(3 + end.index + end[0].length) };
}

/** Comments are not shown to a reader, so they are not knowledge. */
function withoutComments(text: string): string {
  let kept = "";
  let at = 0;
  while (true) {
    const start = text.indexOf("<!--", at);
    const end = start === -1 ? -1 : text.indexOf("-->", start + 4);
    if (end === -1) return kept + text.slice(at);
    kept += text.slice(at, start);
    at = end + 3;
  }
}

const ENTITIES: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  mdash: "—",
  ndash: "–",
  laquo: "«",
  raquo: "»",
};

/** A line without its inline marks. Every pattern is bounded, so none can run away. */
export function plain(line: string): string {
  return line
    .replace(/<(https?:[^<>\s]{1,1000})>/g, "$1")
    .replace(/<\/?[a-z][^<>\n]{0,500}>/gi, "")
    .replace(/!\[([^[\]\n]{0,500})\]\([^()\s]{0,1000}(?:\s{1,10}"[^"\n]{0,300}")?\)/g, "$1")
    .replace(
      /\[([^[\]\n]{1,500})\]\((https?:[^()\s]{1,1000}|mailto:[^()\s]{1,300})(?:\s{1,10}"[^"\n]{0,300}")?\)/g,
      (_all, text: string, url: string) => (url.replace(/^mailto:/, "") === text ? text : `${text} (${url.replace(/^mailto:/, "")})`),
    )
    .replace(/\[([^[\]\n]{1,500})\](?:\([^()\s]{0,1000}(?:\s{1,10}"[^"\n]{0,300}")?\)|\[[^[\]\n]{0,200}\])/g, "$1")
    .replace(/(?<!\\)(?:\*\*|__|~~)(?=\S)|(?<=[^\s\\])(?:\*\*|__|~~)/g, "")
    .replace(/(?<![\\\p{L}\p{N}*])\*(?=[^\s*])|(?<=[^\s\\*])\*(?![\p{L}\p{N}*])/gu, "")
    .replace(/(?<![\\\p{L}\p{N}_])_(?=[^\s_])|(?<=[^\s\\_])_(?![\p{L}\p{N}_])/gu, "")
    .replace(/(?<!\\)`{1,3}/g, "")
    .replace(/&(amp|lt|gt|quot|apos|nbsp|mdash|ndash|laquo|raquo);/g, (_all, name: string) => ENTITIES[name]!)
    .replace(/\\([!-/:-@[-`{-~])/g, "$1");
}
