import { createHash } from "node:crypto";
import type { Llm } from "../../../core/llm/llm.ts";
import type { Question } from "./questions.ts";

/** A sentence the model wrote, and whether the document says it. */
export type Claim = { text: string; truth: boolean };

const UNKNOWN = {
  en: [
    "I don't know.",
    "I'm sorry, but the documents don't mention that.",
    "I couldn't find any information about this in the passages provided.",
    "Unfortunately, I do not have that information [1].",
    "The provided passages do not contain the answer to your question.",
    "There is no information on that in the company's documents.",
    "I'm not able to answer that based on the available information.",
    "Sorry, that isn't covered in what I have. You may want to contact the company directly.",
  ],
  ru: [
    "Я не знаю.",
    "К сожалению, в документах об этом не говорится.",
    "Мне не удалось найти информацию об этом в предоставленных материалах.",
    "К сожалению, у меня нет таких сведений [1].",
    "В предоставленных фрагментах нет ответа на ваш вопрос.",
    "Информации об этом в документах компании нет.",
    "Не могу ответить на этот вопрос на основании имеющихся данных.",
    "Извините, об этом ничего не сказано. Лучше обратиться напрямую в компанию.",
  ],
};
const OPENERS = {
  en: ["", "", "According to the documents, ", "Sure! ", "Thanks for asking. "],
  ru: ["", "", "Согласно документам, ", "Конечно! ", "Спасибо за вопрос. "],
};
/** Something that no document says, with nothing in it that a document could be asked about. */
const EXTRA = { en: "Premium members also get a free massage.", ru: "Участникам клуба также полагается бесплатный массаж." };

/** A number below `n` that only the text and the purpose decide. */
const pick = (text: string, purpose: string, n: number) => createHash("sha256").update(`${purpose}\n${text}`).digest().readUInt32BE(0) % n;

const withMarker = (text: string, marker: string) => text.replace(/([.!?])$/, `${marker}$1`);
const lower = (text: string) => (/^\p{Lu}\p{Ll}/u.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text);

/**
 * What a decent but fallible model writes: the answer with its marker where the prompt's passages hold it, now and then with a
 * wrong number, one too many, none, or an invention behind it; else that it does not know, or, too often, an invention.
 * Which of these is decided by the question alone, so that every run is the same.
 */
export function scriptedAnswer(question: Question, prompt: string): { text: string; claims: Claim[] } {
  const { ask, language } = question;
  const passages = [...prompt.matchAll(/<passage n="(\d+)"[^>]*>\n([\s\S]*?)\n<\/passage>/g)].map(([, n, text]) => ({
    n: Number(n),
    text: text!,
  }));
  const unknown = UNKNOWN[language][pick(ask, "unknown", UNKNOWN[language].length)]!;
  const die = pick(ask, "die", 100);
  if ("lie" in question) {
    const claim = { text: question.lie, truth: false };
    if (die < 40) return { text: unknown, claims: [] };
    if (die < 50 && passages[0]) {
      const own = passages[0].text.split(/(?<=[.;])\s/)[0]!;
      return {
        text: `${unknown} ${language === "en" ? "What they do say:" : "Зато сказано:"} ${own} [${passages[0].n}]`,
        claims: [{ text: own, truth: true }],
      };
    }
    if (die < 88 && passages[0]) return { text: withMarker(question.lie, ` [${passages[0].n}]`), claims: [claim] };
    return { text: question.lie, claims: [claim] };
  }
  const right = passages.find(({ text }) => text.includes(question.quote));
  if (!right) return { text: unknown, claims: [] };
  const others = passages.filter(({ n }) => n !== right.n);
  const wrong = others[pick(ask, "wrong", others.length || 1)]?.n ?? right.n + 1;
  const opener = OPENERS[language][pick(ask, "opener", 5)]!;
  const said = `${opener}${opener.endsWith(", ") ? lower(question.say) : question.say}`;
  const claims = [{ text: question.say, truth: true }];
  if (die < 66) return { text: withMarker(said, ` [${right.n}]`), claims };
  if (die < 74) return { text: withMarker(said, ` [${wrong}]`), claims };
  if (die < 78) return { text: withMarker(said, " [99]"), claims };
  if (die < 85) return { text: withMarker(said, ` [${right.n}][${wrong}]`), claims };
  if (die < 93)
    return {
      text: `${withMarker(said, ` [${right.n}]`)} ${EXTRA[language]} [${right.n}]`,
      claims: [...claims, { text: EXTRA[language], truth: false }],
    };
  return { text: said, claims };
}

/** The scripted model behind the port, for one question; small talk is answered with a word. */
export function scriptedModel(question: Question | null, told: (claims: Claim[]) => void = () => {}): Llm {
  return {
    responder: "model",
    async stream(prompt, hear, signal) {
      signal.throwIfAborted();
      const { text, claims } = question ? scriptedAnswer(question, prompt.messages[0]!.content) : { text: "Hello! 🙂", claims: [] };
      told(claims);
      for (const delta of text.match(/\s*\S{1,7}/g) ?? []) hear({ type: "delta", delta });
      const usage = { model: "scripted", provider: null, promptTokens: 0, completionTokens: 0, cachedTokens: 0, costMicros: 0 };
      hear({ type: "end", finishReason: "stop", usage });
    },
  };
}
