export const escapeHtml = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/**
 * A note's text as HTML with nothing in it but line breaks, for CRMs whose notes are HTML.
 * @param maxCharacters of the HTML; of a longer text the middle is left out, as the conversation's link stands in the last line
 */
export function noteHtml(text: string, maxCharacters: number): string {
  const lines = text.split("\n").map(escapeHtml);
  const html = lines.join("<br>");
  if (html.length <= maxCharacters) return html;
  const last = lines.at(-1)!.slice(0, 2_000);
  let kept = "";
  for (const line of lines) {
    if (kept.length + line.length + last.length + 20 > maxCharacters) break;
    kept += `${line}<br>`;
  }
  return `${kept}…<br>${last}`;
}
