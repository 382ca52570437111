import type { getDocumentProxy } from "unpdf";
import { type Document, DocumentBuilder, ReadFailure } from "../document.ts";
import { type Line, layOut } from "./pdf-layout.ts";

const MAX_PAGES = 5_000;
/** A gap this many times the size of the letters parts the cells of a table; words are a third of a size apart. */
const CELL_GAP = 1.1;

/**
 * A PDF's text, page by page: lines joined to paragraphs, larger type taken for headings, running heads and page
 * numbers left out. Scripts in the file are never evaluated, fonts and images never fetched.
 * @throws ReadFailure("encrypted") when a password is needed, ("no_text") for scans, ("damaged") when it cannot be parsed
 */
export async function readPdf(bytes: Uint8Array): Promise<Document> {
  const { getDocumentProxy } = await import("unpdf");
  const pdf = await getDocumentProxy(new Uint8Array(bytes), {
    isEvalSupported: false,
    useSystemFonts: false,
    useWorkerFetch: false,
    stopAtErrors: false,
    maxImageSize: 1,
    verbosity: 0,
  }).catch((cause) => {
    if ((cause as Error)?.name === "PasswordException") throw new ReadFailure("encrypted", "The PDF asks for a password", { cause });
    throw new ReadFailure("damaged", "The PDF cannot be parsed", { cause });
  });
  if (pdf.numPages > MAX_PAGES) throw new ReadFailure("too_complex", `The PDF has ${pdf.numPages} pages`);
  const pages: Line[][] = [];
  let broken = 0;
  for (let number = 1; number <= pdf.numPages; number++) {
    try {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      pages.push(toLines(items.filter((item) => "str" in item)));
      page.cleanup();
    } catch {
      // One page that cannot be read should not lose the others.
      broken++;
      pages.push([]);
    }
  }
  if (broken === pdf.numPages) throw new ReadFailure("damaged", "No page of the PDF can be read");
  const title = await titleOf(pdf);
  const builder = new DocumentBuilder();
  layOut(pages, builder);
  return builder.finish("pdf", { title, pages: pdf.numPages });
}

type TextItem = { str: string; transform: number[]; width: number; height: number; hasEOL: boolean };

/** Text items, which may be single letters, as lines from top to bottom in the order of the file. */
function toLines(items: TextItem[]): Line[] {
  const lines: Line[] = [];
  let line: Line | null = null;
  /** White space that stands between the last letter and the next. */
  let space = false;
  for (const { str, transform, width, height, hasEOL } of items) {
    const [x = 0, y = 0] = transform.slice(4);
    const size = height || Math.abs(transform[3] ?? 0);
    if (!str.trim()) {
      space ||= str.length > 0;
    } else if (!line || Math.abs(y - line.y) > Math.max(size, line.size) * 0.5) {
      // A new line stands lower or higher by more than half a letter.
      line = { cells: [{ text: str, x }], x, y, size, end: x + width };
      lines.push(line);
    } else {
      const gap = x - line.end;
      const cell: Line["cells"][number] = line.cells.at(-1)!;
      if (gap > line.size * CELL_GAP) line.cells.push({ text: str, x });
      else cell.text += (space || gap > line.size * 0.2 ? " " : "") + str;
      line.end = Math.max(line.end, x + width);
      line.size = Math.max(line.size, size);
    }
    if (str.trim()) space = false;
    if (hasEOL) line = null;
  }
  for (const cell of lines.flatMap((each) => each.cells)) cell.text = cell.text.replace(/\s+/g, " ").trim();
  return lines;
}

async function titleOf(pdf: Awaited<ReturnType<typeof getDocumentProxy>>): Promise<string | undefined> {
  try {
    const { info } = await pdf.getMetadata();
    const title = (info as { Title?: unknown }).Title;
    return typeof title === "string" && title.trim() ? title : undefined;
  } catch {
    return undefined;
  }
}
