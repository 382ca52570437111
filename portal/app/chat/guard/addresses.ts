import { visible } from "./visible.ts";

/** Full-width Latin and ideographic full stops, which URL parsers take for ASCII; one character becomes one. */
export const narrow = (text: string): string =>
  /[\u3002\uff01-\uff61]/.test(text)
    ? text.replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0)).replace(/[\u3002\uff61]/g, ".")
    : text;

/** Endings of file names: "README.md/…" and "Node.js/Express" are no hosts. */
const FILE_ENDING = "js|ts|jsx|tsx|py|rb|rs|go|md|txt|csv|pdf|docx?|xlsx?|html?|json|xml|ya?ml|css|scss|sh|exe|zip|png|jpe?g|gif|svg";

/** Top-level domains in Cyrillic letters; those in Latin letters are told by their shape. */
const CYRILLIC_TLD = "рф|рус|москва|дети|онлайн|сайт|орг|ком|укр|бел|срб|мкд";

/**
 * How an address begins in running text: a scheme that leads somewhere ("https:", "x://", "data:image/"), "www.", or a host with
 * something after it.
 */
export const ADDRESS_START = [
  String.raw`(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:(?=[/\\]\S)`,
  String.raw`(?<![a-z0-9])(?:https?|ftp|javascript|vbscript|mailto):(?=\S)`,
  String.raw`(?<![a-z0-9])data:(?=[a-z]{1,20}/|[,;]\S)`,
  String.raw`(?<![\p{L}\p{N}])www\.(?=[\p{L}\p{N}])`,
  String.raw`(?<![\p{L}\p{N}-])[\p{L}\p{N}][\p{L}\p{N}-]{0,62}(?:\.[\p{L}\p{N}-]{1,63}){0,6}\.(?!(?:${FILE_ENDING})[/?#:])(?:[a-z]{2,24}|xn--[a-z0-9-]{2,59}|${CYRILLIC_TLD})(?::\d{1,5})?(?=[/?#][^\s)\]])`,
].join("|");
const ADDRESS = new RegExp(ADDRESS_START, "iu");

/** Where an address ends. */
export const ADDRESS_END = /[\s<>"`|\]«»“”{}^]/u;
/** Longer ones are not given to visitors, wherever they stand. */
export const MAX_ADDRESS = 1_000;

/** An address without the punctuation of the sentence after it; closing brackets stay where they were opened inside. */
export function splitEnd(raw: string): [address: string, rest: string] {
  let end = raw.length;
  while (end > 0 && /[.,;:!?'’)*_~…]/.test(raw[end - 1]!)) {
    if (raw[end - 1] === ")" && balanced(raw.slice(0, end))) break;
    end--;
  }
  return [raw.slice(0, end), raw.slice(end)];
}

const balanced = (text: string) => text.split("(").length >= text.split(")").length;

/**
 * An address in one spelling, so that equal ones are equal; null for what leads nowhere a visitor should be sent: other schemes than
 * http, https, mailto and tel, and a user name before the host.
 */
export function canonical(written: string): string | null {
  const address = narrow(visible(written)).trim().replaceAll("&amp;", "&");
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(address) && !/^[^/]*\.[^/]*:\d/.test(address) ? address : `https://${address}`;
  if (!URL.canParse(absolute) || /[\s\\]/.test(address)) return null;
  const url = new URL(absolute);
  if (url.protocol === "mailto:" || url.protocol === "tel:") return url.search || url.hash ? null : url.href.toLowerCase();
  if (!/^https?:$/.test(url.protocol) || url.username || url.password) return null;
  // With and without the slash at the end of a path it is the same page to a reader, and so with "www." and the scheme.
  return `${url.host.replace(/^www\./, "")}${url.pathname.replace(/\/$/, "")}${url.search}${url.hash}`;
}

/** The addresses that stand in a text, as they are written. */
export function addressesIn(text: string): string[] {
  const found: string[] = [];
  let rest = narrow(visible(text));
  for (let match = ADDRESS.exec(rest); match; match = ADDRESS.exec(rest)) {
    const from = rest.slice(match.index);
    const length = from.search(ADDRESS_END);
    found.push(length === -1 ? from : from.slice(0, length));
    // A blank keeps what follows from being taken for the start of the text.
    rest = length === -1 ? "" : ` ${from.slice(length)}`;
  }
  return found;
}

const MAIL = /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,6}/gu;
const PHONE = /(?<![\p{L}\p{N}])\+?\d[\d\s()-]{5,18}\d(?![\p{L}\p{N}])/gu;

/** The addresses that an answer may hold: those that stand, letter for letter, in what the company wrote or its services returned. */
export class AddressBook {
  private readonly known = new Set<string>();

  /** @param base a book whose addresses count here too, those it gets later included */
  constructor(private readonly base?: AddressBook) {}

  add(...texts: (string | null | undefined)[]): void {
    for (const text of texts) {
      if (!text) continue;
      for (const raw of addressesIn(text)) for (const address of [raw, splitEnd(raw)[0]]) this.addOne(address);
      for (const [mail] of text.matchAll(MAIL)) this.addOne(`mailto:${mail}`);
      for (const [phone] of text.matchAll(PHONE)) this.addOne(`tel:${phone.replace(/[\s()-]/g, "")}`);
    }
  }

  has(address: string): boolean {
    const spelled = canonical(/^tel:/i.test(address) ? address.replace(/[\s()-]/g, "") : address);
    return spelled !== null && this.knows(spelled);
  }

  /** Does a text hold an address that is not known? */
  foreignIn(text: string): boolean {
    return addressesIn(text).some((raw) => !this.has(raw) && !this.has(splitEnd(raw)[0]));
  }

  private knows(spelled: string): boolean {
    return this.known.has(spelled) || (this.base?.knows(spelled) ?? false);
  }

  private addOne(address: string): void {
    const spelled = canonical(address);
    if (spelled !== null) this.known.add(spelled);
  }
}
