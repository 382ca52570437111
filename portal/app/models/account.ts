import { z } from "zod";

/** What people sign up and in with; messages are error codes of the dictionary. */
export const email = z
  .string({ error: "required" })
  .trim()
  .min(1, { error: "required" })
  .max(254, { error: "tooLong" })
  .pipe(z.email({ error: "email" }));
/** bcrypt, which Supabase Auth uses, reads 72 bytes. */
export const newPassword = z
  .string({ error: "required" })
  .min(8, { error: "passwordShort" })
  .refine((text) => new TextEncoder().encode(text).length <= 72, { error: "tooLong" });
export const givenPassword = z.string({ error: "required" }).min(1, { error: "required" }).max(1_000, { error: "tooLong" });
