import { SOURCE_FAILURES } from "@gpt-agent/core/source-failures";
import { z } from "zod";

/** What the reading process is told (task.json in its folder). */
export const readTask = z.strictObject({
  name: z.string(),
  limits: z.strictObject({
    /** Of the processor's time. */
    cpuSeconds: z.number().positive(),
    /** By the clock. */
    seconds: z.number().positive(),
    megabytes: z.number().positive(),
  }),
});
export type ReadTask = z.infer<typeof readTask>;

const chunk = z.strictObject({
  position: z.number().int().min(0),
  headingPath: z.array(z.string()),
  page: z.number().int().min(1).nullable(),
  charStart: z.number().int().min(0),
  charEnd: z.number().int().min(1),
  body: z.string().min(1),
  contentHash: z.string(),
  language: z.string().nullable(),
});
export type ReadChunk = z.infer<typeof chunk>;

/** What it leaves behind (result.json). The parsers saw hostile bytes, so even this is parsed before it is believed. */
export const readResult = z.discriminatedUnion("ok", [
  z.strictObject({
    ok: z.literal(true),
    format: z.enum(["pdf", "docx", "html", "markdown", "csv", "text"]),
    title: z.string().nullable(),
    pages: z.number().int().min(1).nullable(),
    /** Characters of the extracted text. */
    length: z.number().int().min(1),
    language: z.string().nullable(),
    chunks: z.array(chunk).min(1),
  }),
  z.strictObject({ ok: z.literal(false), code: z.enum(SOURCE_FAILURES), message: z.string(), cause: z.string().nullable() }),
]);
export type ReadResult = z.infer<typeof readResult>;
