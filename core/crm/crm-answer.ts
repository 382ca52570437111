import { z } from "zod";
import type { CrmAnswer, InboundRequest } from "./crm.ts";
import { CrmError } from "./crm-error.ts";

/** The body of an answer in the shape that the CRM documents. @throws CrmError("malformed") for any other */
export function readAnswer<T extends z.ZodType>(schema: T, answer: Pick<CrmAnswer, "body">): z.output<T> {
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

/** The secret in the address that a webhook came to; null when there is none, or several. */
export function secretInAddress(request: InboundRequest): string | null {
  if (!URL.canParse(request.url, "http://localhost")) return null;
  const given = new URL(request.url, "http://localhost").searchParams.getAll("secret");
  return given.length === 1 ? given[0]! : null;
}

/** A token as it may go into a header: printable, without spaces or line breaks. */
export const tokenText = z
  .string()
  .max(8_000)
  .regex(/^[\x21-\x7e]+$/);
/** How long a token lasts, in seconds: at most ten years, so that a date comes of it. */
export const lifetime = z.coerce.number().int().positive().max(315_360_000);
/** A moment in seconds since 1970 that JavaScript has a date for (ECMA-262 §21.4.1.1). */
export const unixSeconds = z.int().min(0).max(8_640_000_000_000);
