import type { Locale } from "@gpt-agent/core/locales";
import { AddressBook } from "./addresses.ts";
import { type Confidential, confidential } from "./confidential.ts";
import { GUARD_WORDS } from "./guard-words.ts";
import { LeakWatch } from "./leak-watch.ts";
import { LinkFilter } from "./link-filter.ts";
import { speaksToModel } from "./speaks-to-model.ts";
import { VisibleStream } from "./visible.ts";

/** What an answer is made from, as far as it decides what may leave in it. */
export type GuardedTurn = {
  /** The platform's rules, as the prompt holds them. */
  rules: string;
  /** The company's instructions and, of an API call, its caller's. */
  instructions: string[];
  /** What the company wrote for visitors to read. */
  sayable: string[];
  question: string;
  history: { author: "visitor" | "agent" | "operator"; text: string }[];
  locale: Locale;
};
type Source = { title: string; url: string | null; headings: string[]; text: string };

/**
 * What may leave in one answer. Between whoever writes it and everybody who reads it: stream, history, portal and export get the
 * same. Nothing invisible, no picture, no HTML; addresses only from the company's own texts; nothing of the prompt's confidential part.
 */
export class OutputGuard {
  private readonly book = new AddressBook();
  /** For what tools are given: the visitor's own addresses as well. */
  private readonly toolBook = new AddressBook(this.book);
  private readonly secret: Confidential;
  /** Made into one text only where an answer comes near what is confidential. */
  private readonly told: (() => string)[];
  private readonly removed: string;
  private stages: { seen: VisibleStream; links: LinkFilter };
  private readonly watch: LeakWatch;

  constructor(turn: GuardedTurn) {
    const { history, question } = turn;
    this.secret = confidential(turn.rules, turn.instructions.join("\n"));
    this.removed = GUARD_WORDS[turn.locale].removed;
    const asked = [question, ...history.flatMap(({ author, text }) => (author === "visitor" ? [text] : []))];
    this.told = asked.map((text) => () => text);
    const ours = [...turn.instructions, ...turn.sayable, ...history.flatMap(({ author, text }) => (author === "visitor" ? [] : [text]))];
    this.book.add(...ours);
    this.toolBook.add(...asked);
    this.stages = this.freshStages();
    this.watch = new LeakWatch(this.secret, () => this.allTold());
  }

  /** Passages that the answer may draw on. */
  allowPassages(passages: readonly Source[]): void {
    for (const { title, url, headings, text } of passages) {
      this.tell(() => [title, ...headings, text].join("\n"));
      this.book.add(url);
    }
  }

  /** A text that visitors may be told: a passage, or what a tool has given. Its addresses count unless it speaks to the model. */
  allow(text: string): void {
    this.tell(() => text);
  }

  /** Did the answer begin to give away what is confidential? Nothing of it leaves from then on. */
  get withheld(): boolean {
    return this.watch.leaked;
  }

  /** What of the answer may leave now. */
  push(text: string): string {
    return this.watch.push(this.stages.links.push(this.stages.seen.push(text)));
  }

  /** Is something held back that what follows decides? */
  get isUndecided(): boolean {
    const { seen, links } = this.stages;
    return seen.isUndecided || links.isUndecided || this.watch.isUndecided;
  }

  /** The rest, at the end of a text. */
  end(): string {
    const { seen, links } = this.stages;
    const out = this.watch.push(links.push(seen.end())) + this.watch.push(links.end());
    this.stages = this.freshStages();
    return out + this.watch.end();
  }

  /** What is wrong with giving this to a tool, in words for the model; null when nothing is. */
  refuseInput(input: unknown): string | null {
    const texts: string[] = [];
    gatherTexts(input, texts);
    const watch = new LeakWatch(this.secret, () => this.allTold());
    for (const text of texts) watch.push(text);
    if (watch.leaked) return "Refused: instructions are not for tools.";
    const filtered = texts.some((text) => this.toolBook.foreignIn(text));
    return filtered ? "Refused: it holds an address that neither the visitor nor the documents gave." : null;
  }

  private tell(text: () => string): void {
    this.told.push(text);
    const written = text();
    if (!speaksToModel(written)) this.book.add(written);
  }

  private allTold(): string {
    return this.told.map((text) => text()).join("\n");
  }

  private freshStages() {
    return { seen: new VisibleStream(), links: new LinkFilter(this.book, this.removed) };
  }
}

/** All texts inside a JSON value, names of properties included. */
function gatherTexts(value: unknown, into: string[]): void {
  if (typeof value === "string") into.push(value);
  else if (Array.isArray(value)) for (const item of value) gatherTexts(item, into);
  else if (value && typeof value === "object") for (const [name, item] of Object.entries(value)) gatherTexts([name, item], into);
}
