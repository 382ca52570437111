import { z } from "zod";
import type { Json } from "./input.ts";

/** What a model is given of an answer at most, in characters of JSON. */
export const MAX_OUTPUT = 16_000;
const json = z.json();
const TEXTUAL = /^(text\/|application\/([\w.-]+\+)?(json|xml)|application\/(javascript|x-www-form-urlencoded))/i;
const CHARSET = /charset\s*=\s*"?([\w-]+)/i;

/** An answer's body as JSON where it is JSON, else as text; null when it is empty or no text. */
export function readable(body: Buffer, contentType: string): Json | null {
  if (body.length === 0 || (contentType && !TEXTUAL.test(contentType))) return null;
  const text = decode(body, CHARSET.exec(contentType)?.[1]);
  // Without a type it may be anything; text never holds NUL.
  if (text.includes("\0")) return null;
  try {
    return json.parse(JSON.parse(text));
  } catch {
    return text;
  }
}

function decode(body: Buffer, charset = "utf-8"): string {
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}

/**
 * What the pointers name of an answer, each under its pointer ("" is all of it); the whole answer without pointers. Cut to what a
 * model should read.
 */
export function mapped(content: Json, pointers: string[]): Json {
  const kept = pointers.length === 0 ? content : picked(content, pointers);
  const text = JSON.stringify(kept);
  if (text.length <= MAX_OUTPUT) return kept;
  return `${(typeof kept === "string" ? kept : text).slice(0, MAX_OUTPUT)}… (cut)`;
}

function picked(content: Json, pointers: string[]): Json {
  const found = pointers.flatMap((pointer) => {
    const value = at(content, pointer);
    return value === undefined ? [] : [[pointer || "/", value] as const];
  });
  return found.length > 0 ? Object.fromEntries(found) : "The service's answer holds none of the expected values.";
}

/** The value that a JSON pointer (RFC 6901) names, or undefined. Own properties only. */
function at(content: Json, pointer: string): Json | undefined {
  let value: Json | undefined = content;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
    value = Array.isArray(value) ? value[Number(key)] : value[key];
  }
  return value;
}
