import type { getDocumentProxy } from "unpdf";
import { type Document, DocumentBuilder, ReadFailure } from "../document.ts";
import { layOut } from "./pdf-layout.ts";
import { type Line, toLines } from "./pdf-lines.ts";

const MAX_PAGES = 5_000;

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

async function titleOf(pdf: Awaited<ReturnType<typeof getDocumentProxy>>): Promise<string | undefined> {
  try {
    const { info } = await pdf.getMetadata();
    const title = (info as { Title?: unknown }).Title;
    return typeof title === "string" && title.trim() ? title : undefined;
  } catch {
    return undefined;
  }
}
