import { escapeHtml } from "../escape-html.ts";

/**
 * Lines joined to at most so many characters: of a longer text the middle is left out, as the conversation's link stands in the last line.
 * @param separator between lines, such as "\n" or "<br>"
 */
export function fitLines(lines: string[], separator: string, maxCharacters: number): string {
  const whole = lines.join(separator);
  if (whole.length <= maxCharacters) return whole;
  const last = lines.at(-1)!.slice(0, 2_000);
  let kept = "";
  for (const line of lines) {
    if (kept.length + line.length + last.length + 20 > maxCharacters) break;
    kept += line + separator;
  }
  return `${kept}…${separator}${last}`;
}

/** A note's text as HTML with nothing in it but line breaks, for CRMs whose notes are HTML. `maxCharacters` is of the HTML. */
export const noteHtml = (text: string, maxCharacters: number): string => fitLines(text.split("\n").map(escapeHtml), "<br>", maxCharacters);
