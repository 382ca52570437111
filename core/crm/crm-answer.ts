import { createHash, timingSafeEqual } from "node:crypto";
import type { z } from "zod";
import type { CrmAnswer } from "./crm.ts";
import { CrmError } from "./crm-error.ts";

/** The body of an answer in the shape that the CRM documents. @throws CrmError("malformed") for any other */
export function readAnswer<T extends z.ZodType>(schema: T, answer: CrmAnswer): z.output<T> {
  const read = schema.safeParse(answer.body);
  if (!read.success) throw new CrmError("malformed", "The CRM's answer has another shape than it documents", { cause: read.error });
  return read.data;
}

/** Whether an id can be one where ids are numbers. */
export const isNumericId = (externalId: string): boolean => /^[1-9]\d{0,14}$/.test(externalId);

/** An id that is a number in its CRM, before it goes into a path. @throws CrmError("not_found"): there is no record of another id */
export function numericId(externalId: string): number {
  if (!isNumericId(externalId)) throw new CrmError("not_found", "This is no id of a record");
  return Number(externalId);
}

/** Compares a secret that came with a request to ours in constant time; nothing equals an empty or missing one. */
export function sameSecret(given: string | null | undefined, ours: string | null | undefined): boolean {
  if (!given || !ours) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(ours));
}
