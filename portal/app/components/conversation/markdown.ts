/** A piece of a line. Links carry only addresses that may be followed; images become their words. */
export type Inline =
  | { kind: "text" | "code" | "strong" | "emphasis"; text: string }
  | { kind: "link"; text: string; url: string }
  | { kind: "marker"; index: number };
export type Block =
  | { kind: "paragraph" | "heading" | "quote"; lines: Inline[][] }
  | { kind: "list"; ordered: boolean; items: Inline[][] }
  | { kind: "code"; text: string };

const INLINE =
  /`([^`\n]{1,500})`|\*\*([^*\n]{1,500})\*\*|(?<![\p{L}\p{N}*_])[*_](?!\s)([^*_\n]{1,500})(?<!\s)[*_](?![\p{L}\p{N}*_])|\[(\d{1,2})\](?!\()|!?\[([^[\]\n]{0,300})\]\(([^()\s]{1,2000})\)/gu;

/** The address when a click on it is harmless (http, https, mailto), else null. */
export function harmlessUrl(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === "https:" || protocol === "http:" || protocol === "mailto:" ? href : null;
}

export function parseInline(line: string): Inline[] {
  const parts: Inline[] = [];
  let end = 0;
  for (const match of line.matchAll(INLINE)) {
    const [whole, code, strong, emphasis, marker, label, url] = match;
    if (match.index > end) parts.push({ kind: "text", text: line.slice(end, match.index) });
    end = match.index + whole.length;
    if (code !== undefined) parts.push({ kind: "code", text: code });
    else if (strong !== undefined) parts.push({ kind: "strong", text: strong });
    else if (emphasis !== undefined) parts.push({ kind: "emphasis", text: emphasis });
    else if (marker !== undefined) parts.push({ kind: "marker", index: Number(marker) });
    else {
      const safe = whole.startsWith("!") ? null : harmlessUrl(url ?? "");
      parts.push(safe ? { kind: "link", text: label || safe, url: safe } : { kind: "text", text: label || whole });
    }
  }
  if (end < line.length) parts.push({ kind: "text", text: line.slice(end) });
  return parts;
}

const FENCE = /^\s{0,3}(```|~~~)[^`~]*$/;
const ITEM = /^\s{0,8}(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/;
const HEADING = /^\s{0,3}#{1,6}\s+(.*?)#*\s*$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;

/** The small part of Markdown that answers use. Everything else, HTML included, stays the text it is. */
export function parseMarkdown(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (!line.trim()) continue;
    if (FENCE.test(line)) {
      const code: string[] = [];
      while (++at < lines.length && !FENCE.test(lines[at] ?? "")) code.push(lines[at] ?? "");
      blocks.push({ kind: "code", text: code.join("\n") });
      continue;
    }
    const heading = HEADING.exec(line);
    const item = ITEM.exec(line);
    const quote = QUOTE.exec(line);
    const last = blocks.at(-1);
    const follows = at > 0 && Boolean(lines[at - 1]?.trim());
    if (heading) blocks.push({ kind: "heading", lines: [parseInline(heading[1] ?? "")] });
    else if (item) {
      const ordered = item[1] !== undefined;
      if (last?.kind === "list" && last.ordered === ordered) last.items.push(parseInline(item[2] ?? ""));
      else blocks.push({ kind: "list", ordered, items: [parseInline(item[2] ?? "")] });
    } else if (quote) {
      if (last?.kind === "quote" && follows) last.lines.push(parseInline(quote[1] ?? ""));
      else blocks.push({ kind: "quote", lines: [parseInline(quote[1] ?? "")] });
    } else if (last?.kind === "paragraph" && follows) last.lines.push(parseInline(line));
    else blocks.push({ kind: "paragraph", lines: [parseInline(line)] });
  }
  return blocks;
}
