import type { TextItem } from "./pdf-lines.ts";

/** A text item of a PDF's page; letters are 5 points wide and 10 high. */
export const textItem = (x: number, y: number, str: string, fontName: string): TextItem => ({
  str,
  fontName,
  transform: [10, 0, 0, 10, x, y],
  width: str.length * 5,
  height: 10,
  hasEOL: false,
});
