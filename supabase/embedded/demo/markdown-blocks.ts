/** The little Markdown that the demo's documents are written in. */
export type Block =
  | { kind: "heading"; level: 1 | 2 | 3; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "list"; items: string[] }
  | { kind: "table"; head: string[]; rows: string[][] };

const cells = (line: string) =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

/** Headings, one-line paragraphs, numbered lists and tables; anything else is a paragraph. */
export function toBlocks(markdown: string): Block[] {
  return markdown
    .trim()
    .split(/\n{2,}/)
    .map((part): Block => {
      const lines = part.split("\n");
      const heading = /^(#{1,3}) (.+)$/.exec(part);
      if (heading) return { kind: "heading", level: heading[1]!.length as 1 | 2 | 3, text: heading[2]! };
      if (part.startsWith("|")) {
        const [head, , ...rows] = lines.map(cells);
        return { kind: "table", head: head!, rows };
      }
      if (/^\d+\. /.test(part)) return { kind: "list", items: lines.map((line) => line.replace(/^\d+\. /, "")) };
      return { kind: "paragraph", text: lines.join(" ") };
    });
}

/** Text made safe for HTML and for the XML of a DOCX. */
export const escapeMarkup = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
