import { z } from "zod";
import type { Json } from "./input.ts";

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
