import { quotesLlm } from "../../../core/llm/quotes.ts";
import { localeOfText } from "../../../core/locales.ts";
import { askShelf, type Shelf, type Verdict } from "./measure.ts";
import { LANGUAGES, type Language, type Split } from "./questions.ts";

export type SuggestionRow = {
  split: Split;
  language: Language;
  suggestions: number;
  /** Share of distinct suggestions that the built-in responder answers when they are asked. */
  answerable: number;
  ownLanguage: number;
};

/** Asks every question that was suggested behind an answer. */
export async function measureSuggestions(shelves: Map<string, Shelf>, split: Split, verdicts: Verdict[]): Promise<SuggestionRow[]> {
  const rows: SuggestionRow[] = [];
  for (const language of LANGUAGES) {
    const own = verdicts.filter(({ question }) => question.language === language);
    const distinct = new Set(own.flatMap(({ question, suggestions }) => suggestions.map((text) => `${question.company}\n${text}`)));
    let answered = 0;
    let same = 0;
    for (const entry of distinct) {
      const [company, text] = entry.split("\n") as [string, string];
      const receipt = await askShelf(shelves.get(company)!, { text, language }, quotesLlm({ pauseMs: 0 }));
      if (receipt.outcome === "answered") answered++;
      if (localeOfText(text, language) === language) same++;
    }
    const share = (part: number) => Number((part / Math.max(1, distinct.size)).toFixed(3));
    rows.push({ split, language, suggestions: distinct.size, answerable: share(answered), ownLanguage: share(same) });
  }
  return rows;
}
