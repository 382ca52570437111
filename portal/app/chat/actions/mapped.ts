// Pure, since the editor of an action shows it while its pointers are being picked.
import type { Json } from "./input.ts";

/** What a model is given of an answer at most, in characters of JSON. */
export const MAX_OUTPUT = 16_000;

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

/** A key as it stands in a JSON pointer (RFC 6901), with the slash before it. */
export const pointerToken = (key: PropertyKey): string => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;

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
