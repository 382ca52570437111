import { bestSentences, type Candidate } from "./best-sentences.ts";
import { atOnce } from "./gather.ts";
import type { Llm, LlmPrompt } from "./llm.ts";
import { QUOTES_WORDS, smallTalk } from "./quotes-words.ts";
import { NO_USAGE } from "./usage.ts";

const WORDS_AT_ONCE = 4;
const PAUSE_MS = 10;

/** The answer's text with its [n] markers: an intro, then the quotes in reading order, one paragraph a passage and a row of a table. */
function compose(chosen: Candidate[], intro: string): string {
  const order = [...new Set(chosen.map((candidate) => candidate.passage))];
  const paragraphs = order.map((passage) =>
    chosen
      .filter((candidate) => candidate.passage === passage)
      .sort((a, b) => a.place - b.place)
      .map(({ text, row }, at, all) => {
        const plain = text.replace(/\s+/g, " ").replace(/^([-*•–—]|\d{1,2}[.)]|#{1,6})\s+/, "");
        const before = at === 0 ? "" : row || all[at - 1]!.row ? "\n\n" : " ";
        return `${before}${plain} [${passage.index}]`;
      })
      .join(""),
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
    const chosen = bestSentences(prompt.question, prompt.passages, prompt.before);
    if (chosen.length === 0) {
      const noAnswer = options.fallback ? words.fallbackNoAnswer : words.noAnswer;
      return { text: prompt.canCallPerson ? `${noAnswer} ${words.callPerson}` : noAnswer, supported: false };
    }
    return { text: compose(chosen, options.fallback ? words.fallback : words.intro), supported: true };
  };
  return {
    responder: "quotes",
    async stream(prompt, hear, signal) {
      signal.throwIfAborted();
      const { text, supported } = answerFor(prompt);
      const words = text.match(/\s*\S+/g) ?? [];
      const telling = (prompt.gather ?? atOnce)((deltas: string[]) => hear({ type: "delta", delta: deltas.join("") }));
      try {
        for (let at = 0; at < words.length; at += WORDS_AT_ONCE) {
          if (at > 0 && pauseMs > 0) await pause(pauseMs, signal);
          telling.add(words.slice(at, at + WORDS_AT_ONCE).join(""));
        }
      } finally {
        telling.end();
      }
      hear({ type: "end", finishReason: "stop", usage: NO_USAGE, supported });
    },
  };
}
