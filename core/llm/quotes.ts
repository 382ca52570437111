import type { Llm, LlmPart, LlmPassage, LlmPrompt } from "./llm.ts";
import { QUOTES_WORDS, smallTalk } from "./quotes-words.ts";
import { splitSentences } from "./sentences.ts";
import { stems } from "./stems.ts";

/**
 * At least this share of the question's weight must be found around the best sentence. On XQuAD, with and without the
 * article that a question is about: 8 % false "no answer" and 8 % false answers in English, 17 % and 5 % in Russian.
 */
const MIN_COVERAGE = 0.35;
const MAX_SENTENCES = 4;
/** Further sentences must be at least this good, compared to the best. */
const GOOD_ENOUGH = 0.7;
const MAX_SENTENCE_LENGTH = 600;
const WORDS_AT_ONCE = 4;
const PAUSE_MS = 10;

type Candidate = { passage: LlmPassage; place: number; text: string; found: Set<string>; score: number; coverage: number };

/**
 * How telling each of the question's stems is: those that few passages hold weigh more; those that none holds weigh
 * most, so that a question about something else is noticed.
 */
function weigh(question: Set<string>, passages: { terms: Set<string> }[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const term of question) {
    const holding = passages.filter((passage) => passage.terms.has(term)).length;
    weights.set(term, Math.log(1 + (passages.length + 1) / (holding + 0.5)));
  }
  return weights;
}

const sum = (terms: Iterable<string>, weights: Map<string, number>) => {
  let total = 0;
  for (const term of terms) total += weights.get(term) ?? 0;
  return total;
};

/** A heading or a question of an FAQ: it says what the next sentence is about, and answers nothing itself. */
const isLead = (text: string) => /[?:]$|^#{1,6}\s/.test(text);

/** The sentences that answer a question best, best first; empty when the passages hold no answer. */
export function bestSentences(question: string, passages: LlmPassage[]): Candidate[] {
  const asked = stems(question);
  if (asked.size === 0 || passages.length === 0) return [];
  const read = passages.map((passage) => ({ passage, terms: stems([passage.title, ...passage.headings, passage.text].join(" ")) }));
  const weights = weigh(asked, read);
  const whole = sum(asked, weights);
  const candidates = read.flatMap(({ passage, terms }) => {
    const context = new Set([...asked].filter((term) => terms.has(term)));
    const sentences = splitSentences(passage.text);
    return sentences.flatMap((sentence, place): Candidate[] => {
      if (sentence.text.length > MAX_SENTENCE_LENGTH || isLead(sentence.text)) return [];
      const lead = sentences[place - 1]?.text ?? "";
      const own = stems(isLead(lead) ? `${lead} ${sentence.text}` : sentence.text);
      const found = new Set([...asked].filter((term) => own.has(term)));
      const direct = sum(found, weights);
      // What the rest of the passage and its headings say counts too, but less.
      const nearby = sum(context, weights) - direct;
      const brevity = 1 / (1 + Math.log(1 + own.size / 24) * 0.25);
      const score = ((direct + nearby * 0.4) / whole) * brevity * (1 - 0.05 * (passage.index - 1));
      return [{ passage, place, text: sentence.text, found, coverage: (direct + nearby * 0.5) / whole, score }];
    });
  });
  candidates.sort((a, b) => b.score - a.score);
  const best = candidates[0];
  if (!best || best.found.size === 0 || best.coverage < MIN_COVERAGE) return [];
  const chosen = [best];
  for (const candidate of candidates.slice(1)) {
    if (chosen.length >= MAX_SENTENCES || candidate.score < best.score * GOOD_ENOUGH) break;
    const repeats = chosen.some((other) => other.text === candidate.text);
    if (!repeats && candidate.found.size > 0) chosen.push(candidate);
  }
  return chosen;
}

/** The answer's text with its [n] markers: an intro, then the quotes in reading order, one paragraph a passage. */
function compose(chosen: Candidate[], intro: string): string {
  const order = [...new Set(chosen.map((candidate) => candidate.passage))];
  const paragraphs = order.map((passage) =>
    chosen
      .filter((candidate) => candidate.passage === passage)
      .sort((a, b) => a.place - b.place)
      .map((candidate) => {
        const plain = candidate.text.replace(/\s+/g, " ").replace(/^([-*•–—]|\d{1,2}[.)]|#{1,6})\s+/, "");
        return `${plain} [${passage.index}]`;
      })
      .join(" "),
  );
  return `${intro}\n\n${paragraphs.join("\n\n")}`;
}

/** Waits, or rejects with the signal's reason as soon as it is aborted. */
const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });

/**
 * The responder that needs no model: it answers with the best sentences of the best passages, word for word.
 * @param fallback it stands in for a model that failed, and says so
 * @param pauseMs between every few words, so that they can be read as they come
 */
export function quotesLlm(options: { fallback?: boolean; pauseMs?: number } = {}): Llm {
  const pauseMs = options.pauseMs ?? PAUSE_MS;
  const answerFor = (prompt: LlmPrompt): { text: string; supported: boolean } => {
    const words = QUOTES_WORDS[prompt.locale];
    const chat = smallTalk(prompt.question);
    if (chat) return { text: words[chat], supported: true };
    const chosen = bestSentences(prompt.question, prompt.passages);
    if (chosen.length === 0) return { text: options.fallback ? words.fallbackNoAnswer : words.noAnswer, supported: false };
    return { text: compose(chosen, options.fallback ? words.fallback : words.intro), supported: true };
  };
  return {
    responder: "quotes",
    async *stream(prompt, signal): AsyncGenerator<LlmPart> {
      signal.throwIfAborted();
      const { text, supported } = answerFor(prompt);
      const words = text.match(/\s*\S+/g) ?? [];
      for (let at = 0; at < words.length; at += WORDS_AT_ONCE) {
        if (at > 0 && pauseMs > 0) await pause(pauseMs, signal);
        yield { type: "delta", delta: words.slice(at, at + WORDS_AT_ONCE).join("") };
      }
      const usage = { model: null, provider: null, promptTokens: 0, completionTokens: 0, cachedTokens: 0, costMicros: 0 };
      yield { type: "end", finishReason: "stop", usage, supported };
    },
  };
}
