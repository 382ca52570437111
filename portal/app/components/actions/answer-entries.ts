import type { Json } from "~/chat/actions/input";
import { pointerToken } from "~/chat/actions/mapped";

/** A value inside an answer that can be kept: its pointer and, for a plain value, how it reads. */
export type AnswerEntry = { pointer: string; depth: number } & (
  | { kind: "value"; text: string }
  | { kind: "list"; length: number }
  | { kind: "group" }
);

const MAX_ENTRIES = 80;
const MAX_TEXT = 60;

/** What can be picked from an answer, in its own order; of a list only the first item, since the others look like it. */
export function entriesOf(content: Json): AnswerEntry[] {
  const found: AnswerEntry[] = [];
  const visit = (value: Json | undefined, pointer: string, depth: number) => {
    if (found.length >= MAX_ENTRIES || value === undefined) return;
    if (Array.isArray(value)) {
      if (pointer) found.push({ pointer, depth, kind: "list", length: value.length });
      visit(value[0], `${pointer}/0`, depth + 1);
    } else if (value !== null && typeof value === "object") {
      if (pointer) found.push({ pointer, depth, kind: "group" });
      for (const [key, inner] of Object.entries(value)) visit(inner, pointer + pointerToken(key), depth + 1);
    } else {
      const text = String(value);
      found.push({ pointer, depth, kind: "value", text: text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text });
    }
  };
  visit(content, "", -1);
  return found;
}
