import { type Document, ReadFailure } from "../document.ts";
import { detect } from "./detect.ts";

/**
 * Reads a file of any supported kind. The parsers are loaded when needed; any may take long or crash on hostile files,
 * so this runs in a child process (see ../read-file.ts).
 * @param name the name its owner gave it, which is only a hint
 * @throws ReadFailure with the reason to tell its owner
 */
export async function extract(bytes: Uint8Array, name: string): Promise<Document> {
  const detected = await detect(bytes, name);
  try {
    switch (detected.format) {
      case "pdf":
        return await (await import("./pdf.ts")).readPdf(detected.bytes);
      case "docx":
        return await (await import("./docx.ts")).readDocx(detected.bytes);
      case "html":
        return (await import("./html.ts")).readHtml(detected.content);
      case "markdown":
        return (await import("./markdown.ts")).readMarkdown(detected.content);
      case "csv":
        return (await import("./csv.ts")).readCsv(detected.content);
      case "text":
        return (await import("./txt.ts")).readText(detected.content);
    }
  } catch (error) {
    if (error instanceof ReadFailure) throw error;
    // The stack ran out: nesting deeper than any person writes.
    if (error instanceof RangeError) throw new ReadFailure("too_complex", "The file is nested too deeply", { cause: error });
    throw new ReadFailure("damaged", `The ${detected.format} file cannot be parsed`, { cause: error });
  }
}
