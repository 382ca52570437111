import { z } from "zod";

/** The name of an organization, an agent or a key; messages are error codes of the dictionary. */
export const entityName = z
  .string({ error: "required" })
  .trim()
  .min(1, { error: "required" })
  .max(80, { error: "tooLong" })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]*$/u, { error: "invalid" });
