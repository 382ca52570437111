import { quotesLlm } from "../../../core/llm/quotes.ts";
import { askedBefore } from "../../../portal/app/chat/follow-up.ts";
import { askShelf, type Shelf } from "./measure.ts";
import { type FollowUp, followUpsOf, LANGUAGES, type Language, type Split } from "./questions.ts";

const TOP = 3;

export type FollowUpRow = {
  split: Split;
  language: Language;
  dialogues: number;
  /** Share of dialogues whose passage is among the first three found. */
  foundAlone: number;
  foundWithHistory: number;
  /** Share that the built-in responder answers with the right words. */
  answeredAlone: number;
  answeredWithHistory: number;
};

async function isFound(shelf: Shelf, text: string, quote: string): Promise<boolean> {
  const passages = await shelf.find(text, TOP);
  return passages.some((passage) => passage.text.replace(/\s+/g, " ").includes(quote));
}

async function isAnswered(shelf: Shelf, { ask, after, quote, language }: FollowUp, alone: boolean): Promise<boolean> {
  const receipt = await askShelf(shelf, { text: ask, after: alone ? [] : after, language }, quotesLlm({ pauseMs: 0 }));
  return receipt.citations.some(({ citation }) => citation.quote.replace(/\s+/g, " ").includes(quote));
}

const share = (hits: boolean[]) => Number((hits.filter(Boolean).length / hits.length).toFixed(3));

/** How well follow-ups are understood, with what was said before them and without; `missed` are those not answered with it. */
export async function measureFollowUps(shelves: Map<string, Shelf>, split: Split): Promise<{ rows: FollowUpRow[]; missed: FollowUp[] }> {
  const rows: FollowUpRow[] = [];
  const missed: FollowUp[] = [];
  for (const language of LANGUAGES) {
    const dialogues = followUpsOf(split, language);
    const hits = {
      foundAlone: [] as boolean[],
      foundWithHistory: [] as boolean[],
      answeredAlone: [] as boolean[],
      answered: [] as boolean[],
    };
    for (const dialogue of dialogues) {
      const shelf = shelves.get(dialogue.company)!;
      const history = dialogue.after.map((text, at) => ({ author: at % 2 ? ("agent" as const) : ("visitor" as const), text }));
      hits.foundAlone.push(await isFound(shelf, dialogue.ask, dialogue.quote));
      hits.foundWithHistory.push(await isFound(shelf, `${dialogue.ask} ${askedBefore(dialogue.ask, history)}`, dialogue.quote));
      hits.answeredAlone.push(await isAnswered(shelf, dialogue, true));
      hits.answered.push(await isAnswered(shelf, dialogue, false));
      if (!hits.answered.at(-1)) missed.push(dialogue);
    }
    rows.push({
      split,
      language,
      dialogues: dialogues.length,
      foundAlone: share(hits.foundAlone),
      foundWithHistory: share(hits.foundWithHistory),
      answeredAlone: share(hits.answeredAlone),
      answeredWithHistory: share(hits.answered),
    });
  }
  return { rows, missed };
}
