import { AppError } from "@gpt-agent/core/errors";
import type { z } from "zod";

/** Largest JSON body, in bytes. */
export const MAX_BODY_BYTES = 256 * 1024;
/** Deepest nesting of arrays and objects: JSON.parse recurses, so it is limited before. */
const MAX_DEPTH = 32;

/** A body's bytes, cut off as soon as it is larger than allowed. @throws AppError("too_large") */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () => new AppError("too_large", `The body may have up to ${maxBytes} bytes.`);
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge();
  if (!request.body) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(parts);
    size += value.byteLength;
    // The rest is left unread: the answer closes the connection.
    if (size > maxBytes) throw tooLarge();
    parts.push(value);
  }
}

/** Does the text nest deeper than allowed? Counts brackets outside strings, without recursion. */
export function isTooDeep(json: string, maxDepth: number = MAX_DEPTH): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const char = json.charCodeAt(i);
    if (inString) {
      if (char === 92) i++;
      else if (char === 34) inString = false;
    } else if (char === 34) inString = true;
    else if (char === 123 || char === 91) {
      if (++depth > maxDepth) return true;
    } else if (char === 125 || char === 93) depth--;
  }
  return false;
}

/**
 * A JSON request body, parsed by a schema.
 * @param wordOf what to say for a message of the schema, where it is shared with a form and its messages are codes
 * @throws AppError("unsupported_media_type" | "too_large" | "invalid_request"); the message names the field
 */
export async function readJson<S extends z.ZodType>(
  request: Request,
  schema: S,
  { maxBytes = MAX_BODY_BYTES, wordOf = (message: string) => message } = {},
): Promise<z.output<S>> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json" || (request.headers.get("content-encoding") ?? "identity") !== "identity") {
    throw new AppError("unsupported_media_type", "Send the body as plain application/json.");
  }
  const bytes = await readBytes(request, maxBytes);
  let json: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (isTooDeep(text)) throw new AppError("invalid_request", "The JSON is nested too deeply.");
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("invalid_request", "The body is not valid JSON in UTF-8.", { cause: error });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join(".").slice(0, 100);
  throw new AppError("invalid_request", `${where ? `${where}: ` : ""}${issue ? wordOf(issue.message) : "The body is not as documented."}`, {
    cause: parsed.error,
  });
}
