import { fold } from "./fold.ts";

/** Letters of a stretch that is compared at a time: two words or so. */
export const STRETCH = 10;
/** So many letters of what is confidential, close together, are no chance: seven words or so. */
const TOO_MUCH = 40;
/** Of the company's instructions even sayable parts do not go out in one piece of this length: some hundred words. */
const TOO_LONG = 500;

/**
 * How stretches end: a hash of the last six letters, rolled along a text letter by letter, and which of its values some stretch has (a
 * Bloom filter of one function). It spares nearly all of an answer from being cut into stretches and looked up.
 */
export class Endings {
  private readonly taken = new Uint8Array(2 ** 16);

  /** The hash one letter, a UTF-16 unit, further on. */
  static roll(hash: number, letter: number): number {
    return ((hash << 3) ^ letter) & 0xffff;
  }

  add(stretch: string): void {
    let hash = 0;
    for (let at = 0; at < stretch.length; at++) hash = Endings.roll(hash, stretch.charCodeAt(at));
    this.taken[hash] = 1;
  }

  /** May a stretch end like this? False is certain. */
  has(hash: number): boolean {
    return this.taken[hash] === 1;
  }
}

/** What must not leave, ready to be looked for in answers. */
export type Confidential = {
  /** Stretches of STRETCH letters, each with what it is part of, in plain and in trivial codes. */
  stretches: Map<string, Part>;
  endings: Endings;
  /** Letters of the instructions that give a whole of them away when they are short. */
  enough: number;
};
/** rule: ours. head: the beginning of an order to the agent. body: anything else in the company's instructions. */
export type Part = "rule" | "head" | "body";

/** How orders to an agent begin; facts and sentences to be said to visitors begin otherwise. */
const ORDER =
  /^(?:[\s\d.)*•#>-]|\p{Pd})*(?:please\s+|пожалуйста,?\s+|and\s+|и\s+)?(?:you\s+(?:are|must|should|never|always|do\s+not|don't|will\s+(?:act|be|answer))|you're|your\s+(?:job|role|task|name|goal|tone|instructions?|answers?)|(?:if|when|whenever)\s+(?:asked|some(?:one|body)|they|you|the\s+(?:visitor|user|customer|client|question))|never|always|do\s+not|don't|avoid|answer|reply|respond|say|tell|ask|speak|talk|refer|mention|recommend|offer|suggest|greet|act|behave|pretend|refuse|decline|keep|stay|be\s|only\s+(?:answer|talk|speak|discuss)|under\s+no|the\s+(?:secret|internal|code\s*word|password)|(?:this|these)\s+(?:is|are)\s+(?:confidential|internal|secret)|(?:ты|вы)\s|твоя\s|твой\s|ваша\s+задача|если\s+(?:спро|тебя|вас|посетител|клиент|пользовател|кто)|когда\s+(?:спраш|тебя|вас|посетител|клиент|пользовател)|никогда|всегда|не\s|отвеча|говори|скажи|сообщ|пиши|проси|спрашива|спроси|предлага|предложи|рекоменду|советуй|упомина|обраща|веди|держись|держи|будь|избега|общайся|представля|отказыва|ни\s+в\s+коем|ни\s+при\s+каких|только\s+отвеча|секрет|кодовое|пароль)/iu;

/** What stands in quotation marks is there to be said. */
const QUOTED = /«[^»\n]{1,2000}»|“[^”\n]{1,2000}”|"[^"\n]{1,2000}"/g;
const SENTENCE = /[^.!?…\n]+[.!?…]*\s*/g;

const rot13 = (text: string) =>
  text.replace(/[a-z]/gi, (letter) => {
    const base = letter <= "Z" ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
  });
/** The same for Russian: half of the thirty-two letters further. */
const rot16 = (text: string) =>
  rot13(text).replace(/[а-я]/gi, (letter) => {
    const base = letter <= "Я" ? 0x410 : 0x430;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 16) % 32) + base);
  });
const reversed = (text: string) => [...text].reverse().join("");

function addStretches(into: Map<string, Part>, text: string, part: Part): number {
  for (const [code, written] of [text, rot16(text), reversed(text)].entries()) {
    const letters = fold(written);
    for (let at = 0; at + STRETCH <= letters.length; at++) {
      const isHead = part === "head" && (code === 2 ? at + STRETCH > letters.length - 4 : at < 4);
      const found: Part = part === "head" && !isHead ? "body" : part;
      const stretch = letters.slice(at, at + STRETCH);
      if (found !== "body" || !into.has(stretch)) into.set(stretch, found);
    }
  }
  return fold(text).length;
}

const cache = new Map<string, Confidential>();

/**
 * Our rules and the company's instructions, ready to be looked for. Of the instructions the orders to the agent are confidential;
 * facts in them, and what they quote, are there to be told.
 */
export function confidential(rules: string, instructions: string): Confidential {
  const key = `${rules}\0${instructions}`;
  const ready = cache.get(key);
  if (ready) return ready;
  const stretches = new Map<string, Part>();
  let length = 0;
  for (const paragraph of instructions.replace(QUOTED, "\n").split("\n"))
    for (const [sentence] of paragraph.matchAll(SENTENCE))
      length += addStretches(stretches, sentence, ORDER.test(sentence) ? "head" : "body");
  for (const rule of rules.split("\n")) addStretches(stretches, rule, "rule");
  const endings = new Endings();
  for (const stretch of stretches.keys()) endings.add(stretch);
  const made = { stretches, endings, enough: Math.min(TOO_MUCH, Math.max(20, length - 4)) };
  if (cache.size >= 100) cache.clear();
  cache.set(key, made);
  return made;
}

/** How much of each part a stretch of an answer holds, in letters. */
export type Held = { rule: number; head: number; body: number };

/** Is that more than an answer may say by chance, or for the visitor's good? */
export const isLeak = ({ rule, head, body }: Held, { enough }: Confidential): boolean =>
  rule >= TOO_MUCH || (head > 0 && rule + head + body >= enough) || head + body >= TOO_LONG;
