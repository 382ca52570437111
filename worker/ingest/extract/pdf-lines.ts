/** A stretch of a line; lengths in points from the page's left edge; the font is that of its beginning, by the file's name for it. */
export type Cell = { text: string; x: number; end: number; font: string };

/** A line of a page; lengths in points, y grows upwards. A line of prose is one cell. */
export type Line = { cells: Cell[]; x: number; y: number; size: number; end: number };

/** A text item of a page as pdf.js tells it: a few letters, a word or a whole line. */
export type TextItem = { str: string; transform: number[]; width: number; height: number; fontName: string; hasEOL: boolean };

/** A gap this many times the size of the letters parts the cells of a table; words are a third of a size apart. */
const CELL_GAP = 1.1;
/** So wide a gap parts cells too where lines with cells beside have gaps at the same place. */
const NARROW_CELL_GAP = 0.6;
/** How many lines above and below a line are beside it. */
const BESIDE = 2;

/** A line whose cells are still to be told: its stretches between gaps of any width that may part cells. */
type RawLine = Omit<Line, "cells"> & { pieces: Cell[] };
type Gap = { from: number; to: number };

/** The words of some cells, as they follow each other. */
export const textOf = ({ cells }: Pick<Line, "cells">): string => cells.map(({ text }) => text).join(" ");

/** Text items, which may be single letters, as lines from top to bottom in the order of the file. */
export function toLines(items: TextItem[]): Line[] {
  const lines = rawLines(items);
  const gaps = lines.map((line) => {
    const found = gapsOf(line);
    return found.some((gap) => isWide(gap, line.size)) ? found : [];
  });
  return lines.map(({ pieces, ...line }, index) => {
    const beside = [...gaps.slice(Math.max(0, index - BESIDE), index), ...gaps.slice(index + 1, index + 1 + BESIDE)];
    const cells: Cell[] = [];
    for (const piece of pieces) {
      const last = cells.at(-1);
      const gap = { from: last?.end ?? 0, to: piece.x };
      if (!last || isWide(gap, line.size) || isColumnGap(gap, beside, line.size)) cells.push({ ...piece });
      else Object.assign(last, { text: `${last.text} ${piece.text}`, end: Math.max(last.end, piece.end) });
    }
    return { ...line, cells };
  });
}

const isWide = ({ from, to }: Gap, size: number): boolean => to - from > size * CELL_GAP;

/** Whether two lines beside have a gap where this one is. */
const isColumnGap = (gap: Gap, beside: Gap[][], size: number): boolean =>
  beside.filter((gaps) => gaps.some(({ from, to }) => Math.min(to, gap.to) - Math.max(from, gap.from) > size * NARROW_CELL_GAP)).length >=
  2;

const gapsOf = ({ pieces }: RawLine): Gap[] => pieces.slice(1).map(({ x }, index) => ({ from: pieces[index]!.end, to: x }));

function rawLines(items: TextItem[]): RawLine[] {
  const lines: RawLine[] = [];
  let line: RawLine | null = null;
  /** White space that stands between the last letter and the next. */
  let space = false;
  for (const { str, transform, width, height, fontName: font, hasEOL } of items) {
    const [x = 0, y = 0] = transform.slice(4);
    const size = height || Math.abs(transform[3] ?? 0);
    const end = x + width;
    if (!str.trim()) {
      space ||= str.length > 0;
    } else if (!line || Math.abs(y - line.y) > Math.max(size, line.size) * 0.5) {
      // A new line stands lower or higher by more than half a letter.
      line = { pieces: [{ text: str, x, end, font }], x, y, size, end };
      lines.push(line);
    } else {
      const gap = x - line.end;
      const piece: Cell = line.pieces.at(-1)!;
      if (gap > line.size * NARROW_CELL_GAP) line.pieces.push({ text: str, x, end, font });
      else {
        piece.text += (space || gap > line.size * 0.2 ? " " : "") + str;
        piece.end = Math.max(piece.end, end);
      }
      line.end = Math.max(line.end, end);
      line.size = Math.max(line.size, size);
    }
    if (str.trim()) space = false;
    if (hasEOL) line = null;
  }
  for (const piece of lines.flatMap((each) => each.pieces)) piece.text = piece.text.replace(/\s+/g, " ").trim();
  return lines;
}
