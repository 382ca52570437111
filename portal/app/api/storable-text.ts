import { z } from "zod";

/** Text that Postgres can store: whole characters (a lone surrogate becomes U+FFFD), no NUL, nothing around it. */
export const storable = (text: string): string => Buffer.from(text.replaceAll("\u0000", ""), "utf8").toString("utf8").trim();

/** The same as a schema: up to `max` characters as they are sent, and something has to be left. */
export const storableText = (max: number) =>
  z
    .string()
    .max(max)
    .transform(storable)
    .pipe(z.string().min(1, { error: "is empty" }));
