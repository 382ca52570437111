import { type AppError, toAppError } from "@gpt-agent/core/errors";
import type { z } from "zod";
import type { ErrorCode } from "~/i18n/error-codes";
import { isErrorCode } from "~/i18n/error-codes";
import { refusedBy } from "~/models/result.server";
import { log } from "~/services.server";

/** What an action answers when something must be corrected: an error code per field, "form" for the whole. */
export type Refused = { ok: false; errors: Record<string, ErrorCode> };
export const refused = (errors: Record<string, ErrorCode>): Refused => ({ ok: false, errors });

/**
 * A submitted form, parsed: its values, or what is wrong with each field. The schema's messages are error codes
 * (keys of the dictionary's `errors`). Throws as readForm does.
 */
export async function parseForm<S extends z.ZodType>(request: Request, schema: S): Promise<{ ok: true; value: z.infer<S> } | Refused> {
  return parseFields(await readForm(request), schema);
}

/** parseForm for fields that were read already. */
export function parseFields<S extends z.ZodType>(fields: Record<string, unknown>, schema: S): { ok: true; value: z.infer<S> } | Refused {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return { ok: true, value: parsed.data };
  const errors: Record<string, ErrorCode> = {};
  for (const { path, message } of parsed.error.issues) errors[String(path[0] ?? "form")] ??= isErrorCode(message) ? message : "invalid";
  return refused(errors);
}

/**
 * Work that may be refused for reasons a person can do something about: those come back as data, so that what was typed
 * stays on the screen. Answers of our own (redirects, 403, 404) pass through.
 */
export async function attempt<T>(work: () => Promise<T>): Promise<{ ok: true; value: T } | Refused> {
  try {
    return { ok: true, value: await work() };
  } catch (thrown) {
    if (thrown instanceof Response) throw thrown;
    const error = toAppError(thrown);
    if (error.status >= 500) log.error("An action failed", { error: thrown });
    return refused({ form: wordFor(error) });
  }
}

const REFUSALS: Record<string, ErrorCode> = { disabled: "webhookOff", too_many_endpoints: "webhookMany" };

function wordFor(error: AppError): ErrorCode {
  const rule = REFUSALS[refusedBy(error) ?? ""];
  if (rule) return rule;
  if (error.code === "forbidden") return "forbidden";
  if (error.code === "not_found") return "gone";
  if (error.code === "conflict") return "taken";
  if (error.code === "rate_limited") return "tooMany";
  return error.status >= 500 ? "unavailable" : "invalid";
}

const MAX_FORM_BYTES = 512 * 1024;

/**
 * The fields of a submitted form; a name given several times keeps its last value, files are refused.
 * Throws 413 past half a megabyte, 415 for a body that is no form, 400 for one that cannot be read.
 */
export async function readForm(request: Request): Promise<Record<string, string>> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type))
    throw new Response("A form is expected here.", { status: 415 });
  const bytes = await readBody(request, MAX_FORM_BYTES);
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  } catch {
    throw new Response("The form could not be read.", { status: 400 });
  }
  const fields: Record<string, string> = {};
  for (const [name, value] of form) if (typeof value === "string") fields[name] = value;
  return fields;
}

/** A request's whole body. Throws 413 as soon as it grows past `limit` bytes; what comes after is not read (T56). */
export async function readBody(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () => new Response("Too large", { status: 413 });
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  if (request.body) {
    for await (const part of request.body as unknown as AsyncIterable<Uint8Array>) {
      size += part.byteLength;
      if (size > limit) throw tooLarge();
      parts.push(part);
    }
  }
  return new Uint8Array(Buffer.concat(parts, size));
}
