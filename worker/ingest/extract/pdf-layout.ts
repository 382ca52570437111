import type { DocumentBuilder } from "../document.ts";
import { type Line, textOf } from "./pdf-lines.ts";
import { tableAt, tableRows } from "./pdf-table.ts";
import { wrappedTable } from "./pdf-wrapped-table.ts";

/** Running heads and feet repeat on this share of pages at least. */
const REPEATS_ON = 0.5;
const EDGE_LINES = 2;
/** Lines of one column begin within so many points. */
const COLUMN_WIDTH = 8;

/** Makes headings, paragraphs and tables of the pages' lines and hands them to the builder. */
export function layOut(pages: Line[][], builder: DocumentBuilder) {
  const running = runningLines(pages);
  const bodySize = commonSize(pages);
  const levels = headingLevels(pages, bodySize);
  const edgeOf = rightEdges(pages);
  const hyphenated = isHyphenated(pages);
  let paragraph = "";
  let startedOn = 0;
  const flush = () => {
    builder.paragraph(paragraph, startedOn);
    paragraph = "";
  };
  pages.forEach((lines, index) => {
    const page = index + 1;
    const edges = edgeLines(lines);
    const kept = lines.filter((line) => !(edges.has(line) && running.has(pattern(textOf(line)))));
    let previous: Line | null = null;
    for (let at = 0; at < kept.length; at++) {
      const line = kept[at]!;
      const text = textOf(line);
      const level = levels.get(Math.round(line.size));
      if (level && text.length <= 200 && /\p{L}/u.test(text)) {
        flush();
        builder.heading(level, text, page);
        previous = null;
        continue;
      }
      const table = tableAt(kept, at);
      const wrapped = wrappedTable(kept, at);
      const taken = Math.max(table.length, wrapped?.taken ?? 0);
      if (taken) {
        flush();
        for (const row of wrapped && taken > table.length ? wrapped.rows : tableRows(table)) builder.row(row, page);
        at += taken - 1;
        previous = null;
        continue;
      }
      if (paragraph && (!previous ? endsSentence(paragraph) || startsItem(text) : parts(previous, line, edgeOf(previous)))) flush();
      if (!paragraph) startedOn = page;
      paragraph = join(paragraph, text, { afterShortLine: previous !== null && isShort(previous, edgeOf(previous), 0.7), hyphenated });
      previous = line;
    }
  });
  flush();
}

/** Whether a line ends before a share of the way to the edge. */
const isShort = ({ x, end }: Line, edge: number, share: number): boolean => end - x < (edge - x) * share;

/** Whether a new paragraph begins between two lines of a page. */
function parts(above: Line, line: Line, edge: number): boolean {
  const gap = above.y - line.y;
  if (gap > Math.max(above.size, line.size) * 1.75 || gap < 0) return true;
  const sentenceEnds = endsSentence(textOf(above));
  // A dash may begin a line in the middle of a sentence.
  if (startsItem(textOf(line)) && (sentenceEnds || isShort(above, edge, 0.8) || !/^[—–-]/.test(textOf(line)))) return true;
  // A line that ends early ends its paragraph; so does an indent after a sentence.
  if (sentenceEnds && (isShort(above, edge, 0.8) || line.x > above.x + above.size)) return true;
  return false;
}

const startsItem = (text: string) => /^([•▪◦‣●○■□–—*-]|\d{1,3}[.)]|[a-zа-я]\))\s+\S/iu.test(text);
const endsSentence = (text: string) => /[.!?…:;][)"»”]*$/.test(text);

/**
 * Joins a line to a paragraph. After a short line the break is meant: an address, a list, a poem. A word parted by a
 * hyphen is made whole where the file parts words; elsewhere the hyphen is the word's own.
 */
function join(paragraph: string, line: string, { afterShortLine, hyphenated }: { afterShortLine: boolean; hyphenated: boolean }): string {
  if (!paragraph) return line;
  if (/\p{L}[\u00ad\u2010]$/u.test(paragraph)) return paragraph.slice(0, -1) + line;
  if (/\p{Ll}-$/u.test(paragraph) && /^\p{Ll}/u.test(line)) return (hyphenated ? paragraph.slice(0, -1) : paragraph) + line;
  return `${paragraph}${afterShortLine ? "\n" : " "}${line}`;
}

/** Whether words are parted at line ends: then more than one line in thirty ends in a hyphen. */
function isHyphenated(pages: Line[][]): boolean {
  const lines = pages.flat();
  return lines.filter((line) => /\p{Ll}-$/u.test(line.cells.at(-1)!.text)).length > lines.length / 30;
}

/**
 * Where full lines end: the edge that one line in ten reaches; of columns that hold a good part of all lines, each its own. Lines belong to a
 * column by where they begin.
 */
function rightEdges(pages: Line[][]): (line: Line) => number {
  const lines = pages.flat();
  const columnOf = ({ x }: Line) => Math.round(x / COLUMN_WIDTH);
  const edgeOf = (some: Line[]) => some.map(({ end }) => end).sort((a, b) => b - a)[Math.floor(some.length / 10)] ?? 0;
  const columns = new Map<number, Line[]>();
  for (const line of lines) {
    const some = columns.get(columnOf(line));
    if (some) some.push(line);
    else columns.set(columnOf(line), [line]);
  }
  const whole = edgeOf(lines);
  const edges = new Map(
    [...columns].filter(([, some]) => some.length >= Math.max(8, lines.length / 5)).map(([column, some]) => [column, edgeOf(some)]),
  );
  return (line) => edges.get(columnOf(line)) ?? whole;
}

/** The size in which most of the letters are set. */
function commonSize(pages: Line[][]): number {
  const letters = new Map<number, number>();
  for (const line of pages.flat()) letters.set(Math.round(line.size), (letters.get(Math.round(line.size)) ?? 0) + textOf(line).length);
  return [...letters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

/** Sizes clearly larger than the body's, as heading levels, the largest first; at most four. */
function headingLevels(pages: Line[][], bodySize: number): Map<number, number> {
  const sizes = new Map<number, number>();
  let total = 0;
  for (const line of pages.flat()) {
    const { length } = textOf(line);
    total += length;
    const size = Math.round(line.size);
    if (line.size >= bodySize * 1.15 && size > bodySize) sizes.set(size, (sizes.get(size) ?? 0) + length);
  }
  // Type of which there is much is not for headings: slides and posters have no body.
  const heads = [...sizes].filter(([, letters]) => letters < total * 0.2).map(([size]) => size);
  return new Map(
    heads
      .sort((a, b) => b - a)
      .slice(0, 4)
      .map((size, index) => [size, index + 1]),
  );
}

/** The one or two lines at the top and at the bottom of a page that stand apart from what is between. */
function edgeLines(lines: Line[]): Set<Line> {
  const edges = new Set<Line>();
  for (const [first, step] of [
    [0, 1],
    [lines.length - 1, -1],
  ] as const) {
    for (let count = EDGE_LINES; count >= 1; count--) {
      const [last, inner] = [lines[first + step * (count - 1)], lines[first + step * count]];
      if (!last || !inner || Math.abs(last.y - inner.y) < Math.max(last.size, inner.size) * 1.9) continue;
      for (let at = 0; at < count; at++) edges.add(lines[first + step * at]!);
      break;
    }
  }
  return edges;
}

/** A line with its numbers taken out, so that "Page 7" and "Page 8" are the same. */
const pattern = (text: string) => text.replace(/\d+/g, "#").toLowerCase();

/** Lines that stand at the top or the bottom of most pages. */
function runningLines(pages: Line[][]): Set<string> {
  const filled = pages.filter((lines) => lines.length > 0).length;
  if (filled < 3) return new Set();
  const seen = new Map<string, number>();
  for (const lines of pages) {
    const edges = new Set([...edgeLines(lines)].map((line) => pattern(textOf(line))));
    for (const edge of edges) seen.set(edge, (seen.get(edge) ?? 0) + 1);
  }
  return new Set([...seen].filter(([text, count]) => count >= filled * REPEATS_ON && text.length <= 120).map(([text]) => text));
}
