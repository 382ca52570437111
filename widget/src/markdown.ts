import * as smd from "streaming-markdown";
import { linkHost, safeHref, splitTrailingPunctuation } from "./links.ts";

/** Deeper nesting than this is drawn flat: no answer needs it, and the parser's own stack ends at 24. */
const MAX_DEPTH = 16;
/** What a run of citation markers holds: "1", or "1, 2" as some models write it. */
const MARKER = /^\d{1,3}(?:\s*,\s*\d{1,3})*$/;

/** An underscore between two letters or digits, as in file names: the parser would take it for emphasis. */
const INNER_UNDERSCORE = /[\p{L}\p{N}]_(?=[\p{L}\p{N}])/gu;

const TAGS: Partial<Record<number, keyof HTMLElementTagNameMap>> = {
  [smd.PARAGRAPH]: "p",
  [smd.HEADING_1]: "h3",
  [smd.HEADING_2]: "h3",
  [smd.HEADING_3]: "h4",
  [smd.HEADING_4]: "h4",
  [smd.HEADING_5]: "h5",
  [smd.HEADING_6]: "h5",
  [smd.BLOCKQUOTE]: "blockquote",
  [smd.ITALIC_AST]: "em",
  [smd.ITALIC_UND]: "em",
  [smd.STRONG_AST]: "strong",
  [smd.STRONG_UND]: "strong",
  [smd.STRIKE]: "s",
  [smd.CODE_INLINE]: "code",
  [smd.LIST_UNORDERED]: "ul",
  [smd.LIST_ORDERED]: "ol",
  [smd.LIST_ITEM]: "li",
  [smd.LINE_BREAK]: "br",
  [smd.RULE]: "hr",
};

type Frame = { node: HTMLElement; token: number; url?: string };

/**
 * Draws markdown as it arrives, for running answers and for kept ones alike. Only nodes of the kinds above are ever
 * made and text only ever becomes text nodes, so markup in an answer is shown as it is written. Pictures are never
 * loaded: an address in an answer must not be able to carry anything out of the page by itself.
 */
export class MarkdownView {
  readonly #root: HTMLElement;
  readonly #onCite: (index: number) => void;
  readonly #citeLabel: (index: number) => string;
  #written = "";
  #parser!: smd.Parser;
  #stack: Frame[] = [];
  #tail?: HTMLElement;

  /**
   * @param root where to draw; its content is ours
   * @param cite what pressing the marker of a citation does, and the marker's accessible name
   */
  constructor(root: HTMLElement, cite: { open(index: number): void; label(index: number): string }) {
    this.#root = root;
    this.#onCite = cite.open;
    this.#citeLabel = cite.label;
    this.#restart();
  }

  /**
   * Brings the drawing up to date. Text that only grew is drawn further; any other text starts anew.
   * @param text the whole text so far
   * @param citations indexes that can be opened; markers of others stay hidden
   * @param done whether the text is final; a caret is shown until then
   */
  update(text: string, citations: readonly number[], done: boolean): void {
    if (!text.startsWith(this.#written)) this.#restart();
    // Whether a trailing underscore stands inside a word shows only with the next character.
    const known = !done && text.endsWith("_") ? text.slice(0, -1) : text;
    if (known.length > this.#written.length) this.#write(known);
    if (done) this.#finish();
    for (const marker of this.#root.querySelectorAll<HTMLElement>("[data-citation]"))
      marker.hidden = !citations.includes(Number(marker.dataset.citation));
    this.#placeCaret(done);
  }

  #write(text: string): void {
    this.#tail?.remove();
    let from = this.#written.length;
    INNER_UNDERSCORE.lastIndex = Math.max(0, from - 1);
    for (let found = INNER_UNDERSCORE.exec(text); found; found = INNER_UNDERSCORE.exec(text)) {
      const underscore = found.index + 1;
      smd.parser_write(this.#parser, text.slice(from, underscore));
      smd.parser_write(this.#parser, this.#takesUnderscores() ? "_" : "\\_");
      from = underscore + 1;
    }
    smd.parser_write(this.#parser, text.slice(from));
    this.#written = text;
  }

  /** In code and in addresses an underscore is only ever itself. */
  #takesUnderscores(): boolean {
    const { token, pending } = this.#parser;
    const verbatim = [smd.CODE_BLOCK, smd.CODE_FENCE, smd.CODE_INLINE, smd.RAW_URL, smd.EQUATION_BLOCK, smd.EQUATION_INLINE] as number[];
    return verbatim.includes(token) || pending.startsWith("](") || pending.startsWith("`");
  }

  /** Ends what is open; a link that was never finished is shown as it was written. */
  #finish(): void {
    if (this.#stack.length === 1 && !this.#parser.pending) return;
    smd.parser_end(this.#parser);
    for (const { node, token } of this.#stack) {
      if (token !== smd.LINK && token !== smd.IMAGE) continue;
      node.prepend(token === smd.LINK ? "[" : "![");
      node.append(this.#parser.pending.trimEnd());
    }
    this.#stack.length = 1;
    this.#parser.pending = "";
  }

  #restart(): void {
    this.#root.replaceChildren();
    this.#written = "";
    this.#stack = [{ node: this.#root, token: smd.DOCUMENT }];
    this.#parser = smd.parser({
      data: undefined,
      add_token: (_data, token) => this.#open(token),
      end_token: () => this.#close(),
      add_text: (_data, text) => this.#top.node.append(text),
      set_attr: (_data, name, value) => {
        if (name === smd.HREF || name === smd.SRC) this.#top.url = value;
        else if (name === smd.START) (this.#top.node as HTMLOListElement).start = Number(value);
      },
    });
  }

  get #top(): Frame {
    return this.#stack[this.#stack.length - 1] as Frame;
  }

  #open(token: number): void {
    const parent = this.#top.node;
    this.#stack.push({ node: this.#stack.length > MAX_DEPTH ? parent : this.#make(token, parent), token });
  }

  #make(token: number, parent: HTMLElement): HTMLElement {
    if (token === smd.TABLE) return append(append(parent, "div", "table"), "table");
    if (token === smd.TABLE_CELL) return append(parent, parent.parentElement?.firstElementChild === parent ? "th" : "td");
    if (token === smd.TABLE_ROW) return append(parent, "tr");
    if (token === smd.CODE_BLOCK || token === smd.CODE_FENCE || token === smd.EQUATION_BLOCK) {
      const block = append(parent, "pre");
      // Long lines scroll; a keyboard must be able to do that too.
      block.tabIndex = 0;
      return append(block, "code");
    }
    if (token === smd.EQUATION_INLINE) {
      // Formulas are not drawn: they, and prices taken for them, stay as they are written.
      const formula = append(parent, "span");
      formula.append("$");
      return formula;
    }
    if (token === smd.CHECKBOX) return append(parent, "span", "checkbox");
    return append(parent, TAGS[token] ?? "span");
  }

  #close(): void {
    if (this.#stack.length === 1) return;
    const frame = this.#stack.pop() as Frame;
    if (frame.node === this.#top.node) return;
    if (frame.token === smd.EQUATION_INLINE) frame.node.append("$");
    // A picture inside a link is its text; links do not stand inside links.
    if (this.#stack.some(({ token }) => token === smd.LINK)) return;
    if (frame.token === smd.LINK || frame.token === smd.IMAGE || frame.token === smd.RAW_URL) this.#finishLink(frame);
  }

  /** Links are known only when they end: until then they are plain text. */
  #finishLink({ node, token, url }: Frame): void {
    const text = node.textContent ?? "";
    if (token === smd.LINK && url === undefined) {
      if (MARKER.test(text)) {
        const markers = text.split(",").map((index) => this.#marker(Number(index)));
        node.replaceWith(this.#withLastWord(node, markers));
      } else {
        node.prepend("[");
        node.append("]");
      }
      return;
    }
    const [address, punctuation] = token === smd.RAW_URL ? splitTrailingPunctuation(url ?? "") : [firstWord(url ?? ""), ""];
    const href = safeHref(address);
    if (!href) return;
    const link = document.createElement("a");
    link.href = href;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    const host = linkHost(href);
    if (token === smd.RAW_URL) link.append(address);
    else {
      link.append(...(text ? node.childNodes : [host]));
      // The reader sees where a link leads before pressing it, whatever its text claims.
      if (text && !text.toLowerCase().includes(host)) append(link, "span", "host").textContent = `(${host})`;
    }
    node.replaceWith(link, punctuation);
  }

  /** Markers stay on the line of the word before them. */
  #withLastWord(place: HTMLElement, markers: HTMLElement[]): HTMLElement {
    const together = document.createElement("span");
    together.className = "together";
    place.parentNode?.normalize();
    const before = place.previousSibling;
    const word = before instanceof Text ? /\S{1,24}\s?$/.exec(before.data) : null;
    if (before instanceof Text && word) {
      const last = before.splitText(word.index);
      last.data = last.data.trimEnd();
      together.append(last, "\u202f");
    }
    together.append(...markers);
    return together;
  }

  #marker(index: number): HTMLElement {
    const marker = document.createElement("button");
    marker.type = "button";
    marker.className = "marker";
    marker.part.add("citation");
    marker.dataset.citation = String(index);
    marker.textContent = String(index);
    marker.setAttribute("aria-label", this.#citeLabel(index));
    marker.addEventListener("click", () => this.#onCite(index));
    return marker;
  }

  #placeCaret(done: boolean): void {
    this.#tail?.remove();
    if (done) return;
    this.#tail ??= document.createElement("span");
    this.#tail.textContent = this.#heldBack();
    append(this.#tail, "span", "caret");
    // Outside of text there may be only a list, where a bare caret would make a line of its own.
    let place = this.#top.node;
    while (place.lastElementChild && /^(UL|OL|LI|P|BLOCKQUOTE|H\d)$/.test(place.lastElementChild.tagName))
      place = place.lastElementChild as HTMLElement;
    place.append(this.#tail);
  }

  /** The parser keeps the newest character until it has seen the next; one that can only be text is shown already. */
  #heldBack(): string {
    const { pending, token } = this.#parser;
    const inText = token === this.#top.token && /^(P|H\d|LI|EM|STRONG|S|TD|TH|CODE)$/.test(this.#top.node.tagName);
    return inText && /^[\p{L}\p{N}.,;:?)»”…—–%]$/u.test(pending) ? pending : "";
  }
}

/** The text of an answer for reading out or copying: without citation markers. */
export function plainText(markdown: string): string {
  return markdown.replace(/\s?\[\d{1,3}(?:\s*,\s*\d{1,3})*\](?!\()/g, "");
}

/** Markdown allows a title behind the address: `(https://example.com "title")`. */
function firstWord(url: string): string {
  return url.trim().split(/\s+["'(]/)[0] ?? "";
}

function append<Tag extends keyof HTMLElementTagNameMap>(parent: HTMLElement, tag: Tag, className?: string): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  parent.append(element);
  return element;
}
