import { type Document, DocumentBuilder } from "../document.ts";

/** Plain text: paragraphs are what blank lines part. */
export function readText(content: string): Document {
  const builder = new DocumentBuilder();
  for (const paragraph of content.replace(/\r\n?/g, "\n").split(/\n[^\S\n]*\n/)) builder.paragraph(paragraph);
  return builder.finish("text");
}
