/**
 * What an answer may link to. Answers are written by a model that has read other people's documents: everything in them
 * is treated as if an attacker had written it.
 */

/** The absolute address when it is one that may be linked to (http, https, mailto, tel), else null. */
export function safeHref(address: string): string | null {
  // Browsers drop tabs and newlines inside addresses ("java\nscript:"), so whoever writes them means no good.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for
  if (/[\u0000-\u001f\u007f]/.test(address)) return null;
  try {
    const url = new URL(address.trim());
    if (url.protocol === "mailto:" || url.protocol === "tel:") return url.href;
    // A user name in front of the host ("https://bank.example@evil.example") only ever serves to mislead.
    return /^https?:$/.test(url.protocol) && url.hostname && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}

/** Where a link leads, as shown beside its text: the host without "www.", or the address of a mailto or tel link. */
export function linkHost(href: string): string {
  const url = new URL(href);
  return url.hostname ? url.hostname.replace(/^www\./, "") : decodeAddress(url.pathname);
}

/** Splits the punctuation of the sentence off the end of an address written out in running text. */
export function splitTrailingPunctuation(address: string): [address: string, punctuation: string] {
  let end = address.length;
  while (end > 0) {
    const last = address.charAt(end - 1);
    const opening = last === ")" ? "(" : last === "]" ? "[" : "";
    const balanced = opening && count(address.slice(0, end), opening) >= count(address.slice(0, end), last);
    if (balanced || !/[.,;:!?'"»”’)\]>*_]/.test(last)) break;
    end -= 1;
  }
  return [address.slice(0, end), address.slice(end)];
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function decodeAddress(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
