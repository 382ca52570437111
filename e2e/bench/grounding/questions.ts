import { readFileSync } from "node:fs";
import { z } from "zod";

const answerable = z.strictObject({
  ask: z.string(),
  /** What was said before, the visitor first, in turns. */
  after: z.array(z.string()).optional(),
  /** Words of the document, literally, that hold the answer. */
  quote: z.string(),
  /** How a model would put it. */
  say: z.string(),
});
const unanswerable = z.strictObject({
  ask: z.string(),
  after: z.array(z.string()).optional(),
  /** What a model that makes things up would say; no document says it. */
  lie: z.string(),
});
const question = z.union([answerable, unanswerable]);

export type Language = "en" | "ru";
export type Question = z.infer<typeof question> & { company: string; language: Language };

/** Rules and thresholds are tuned on the companies of `dev` alone; what is published is measured on `test`. */
export const SPLITS = { dev: ["shop", "saas", "school"], test: ["clinic", "bank", "travel"] } as const;
export type Split = keyof typeof SPLITS;
export const LANGUAGES = ["en", "ru"] as const;

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

/** A company's document, as Markdown. */
export const documentOf = (company: string, language: Language): string => read(`${company}.${language}.md`);

/** All questions about a company in a language: half are answered by its document, half are near misses. */
export function questionsOf(company: string, language: Language): Question[] {
  return z
    .array(question)
    .parse(JSON.parse(read(`${company}.${language}.json`)))
    .map((each) => ({ ...each, company, language }));
}

const followUp = z.strictObject({
  company: z.string(),
  /** How it leans on what was said: a pronoun, an ellipsis, a correction; or a switch to another subject, which leans on nothing. */
  kind: z.enum(["pronoun", "ellipsis", "correction", "switch"]),
  after: z.array(z.string()),
  ask: z.string(),
  quote: z.string(),
});
export type FollowUp = z.infer<typeof followUp> & { language: Language };

/** Dialogues whose last question is understood only with, or in spite of, what was said before it. */
export function followUpsOf(split: Split, language: Language): FollowUp[] {
  return z
    .array(followUp)
    .parse(JSON.parse(read(`follow-ups.${language}.json`)))
    .filter(({ company }) => (SPLITS[split] as readonly string[]).includes(company))
    .map((each) => ({ ...each, language }));
}

/** Messages that ask for nothing, and must never be told that the documents hold no answer. */
export const PLEASANTRIES: Record<Language, string[]> = {
  en: ["Hello!", "hi there", "Good morning", "Thanks a lot!", "thank you", "Great, thanks", "Bye!", "ok thanks"],
  ru: ["Здравствуйте!", "привет", "Добрый день", "Спасибо большое!", "спасибо", "Благодарю вас", "До свидания", "ок спасибо"],
};
