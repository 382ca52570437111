import { randomUUID } from "node:crypto";
import { agentSettings } from "../../../core/agent-settings.ts";
import { serviceDb } from "../../../core/db.ts";
import type { Llm } from "../../../core/llm/llm.ts";
import { quotesLlm } from "../../../core/llm/quotes.ts";
import { createLog } from "../../../core/log.ts";
import { answer } from "../../../portal/app/chat/answer.ts";
import type { Receipt } from "../../../portal/app/chat/draft.ts";
import { admitsUnknown } from "../../../portal/app/chat/grounding.ts";
import { Replies } from "../../../portal/app/chat/replies.ts";
import { type Passage, type RetrieveQuery, retrieve } from "../../../portal/app/chat/retrieve.ts";
import { WordPace } from "../../../portal/app/chat/word-pace.ts";
import type { TestBackend } from "../../../supabase/embedded/test-backend.ts";
import { chunk } from "../../../worker/ingest/chunk.ts";
import { readMarkdown } from "../../../worker/ingest/extract/markdown.ts";
import { detectLanguages } from "../../../worker/ingest/language.ts";
import { documentOf, LANGUAGES, type Language, PLEASANTRIES, type Question, questionsOf, SPLITS, type Split } from "./questions.ts";
import { type Claim, scriptedModel } from "./scripted-model.ts";

export const RESPONDERS = ["quotes", "model"] as const;
export type Responder = (typeof RESPONDERS)[number];
const AT_ONCE = 4;
const never = new AbortController().signal;
const log = createLog("error");

/** A company whose two documents an agent knows, as the platform itself would read and search them; `texts` by source. */
export type Shelf = { find(text: string, limit: number): Promise<Passage[]>; texts: Map<string, string> };

/** A search that a busy machine has cut off is made again: what is measured are answers, not the machine. */
async function patiently<T>(search: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await search();
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

/** The passages of a company's document in a language. */
export function passagesOf(company: string, language: Language): { text: string; title: string; chunks: ReturnType<typeof chunk> } {
  const document = readMarkdown(documentOf(company, language));
  return { text: document.text, title: document.title ?? company, chunks: chunk(document) };
}

/** Puts a company's documents into an agent of its own. */
export const shelve = (backend: TestBackend, company: string): Promise<Shelf> =>
  shelveDocuments(
    backend,
    company,
    LANGUAGES.map((language) => passagesOf(company, language)),
  );

/** Puts documents into an agent of their own, which finds what it knows by the real search. */
export async function shelveDocuments(
  backend: TestBackend,
  name: string,
  documents: { text: string; title: string; chunks: ReturnType<typeof chunk> }[],
): Promise<Shelf> {
  const one = async (sql: string, ...values: unknown[]) => (await backend.db.query<{ id: string }>(sql, values)).rows[0]!.id;
  const orgId = await one(
    "insert into organizations (name, slug) values ($1, $2) returning id",
    name,
    `${name}-${randomUUID().slice(0, 8)}`,
  );
  const agentId = await one("insert into agents (org_id, name) values ($1, $2) returning id", orgId, name);
  const texts = new Map<string, string>();
  for (const { text, title, chunks } of documents) {
    const source = await one(
      "insert into sources (org_id, agent_id, kind, title, status) values ($1, $2, 'file', $3, 'ready') returning id",
      orgId,
      agentId,
      title,
    );
    const version = await one(
      "insert into source_versions (org_id, source_id, content_hash) values ($1, $2, 'h') returning id",
      orgId,
      source,
    );
    await backend.db.query("update sources set current_version_id = $1 where id = $2", [version, source]);
    const { each } = detectLanguages(chunks.map(({ body }) => body));
    const rows = chunks.map((piece, at) => ({ ...piece, language: each[at] }));
    await backend.db.query("select add_chunks($1, $2)", [version, JSON.stringify(rows)]);
    texts.set(source, text);
  }
  const db = serviceDb({ url: backend.url, publishableKey: backend.publishableKey, secretKey: backend.secretKey });
  return { texts, find: (text, limit) => patiently(() => retrieve(db, { orgId, agentId, text, limit }, never)) };
}

/** Asks one question through the real `answer()`. */
export async function askShelf(shelf: Shelf, asked: { text: string; after?: string[]; language: Language }, llm: Llm): Promise<Receipt> {
  const turn = {
    orgId: "o",
    agentId: "a",
    agentName: "Helper",
    settings: agentSettings.parse({}),
    runId: randomUUID(),
    messageId: randomUUID(),
    conversationId: "c",
    question: asked.text,
    history: (asked.after ?? []).map((text, at) => ({ author: at % 2 ? ("agent" as const) : ("visitor" as const), text })),
    summary: null,
    facts: [],
    locale: asked.language,
    clientTools: [],
    attended: true,
  };
  const deps = {
    retrieve: (query: RetrieveQuery) => shelf.find(query.text, query.limit),
    llm,
    fallback: quotesLlm({ fallback: true }),
    actions: null,
    pace: new WordPace(),
    log,
  };
  const receipt = await answer(turn, deps, new Replies(), () => {}, never).receipt;
  if (receipt.outcome === "failed") throw new Error(`This question could not be answered: ${asked.text}`);
  return receipt;
}

const flat = (text: string) => text.replace(/\s+/g, " ").trim();

/** How an answer was, by what is known about its question. */
export type Verdict = {
  question: Question;
  answered: boolean;
  /** Answered, and a shown citation holds the words that answer the question. */
  onTarget: boolean;
  citations: number;
  wrongCitations: string[];
  suggestions: string[];
  /** The invention stands in the text. */
  lieShown: boolean;
  /** The text is marked as one that nothing supports, and says so or has a notice beside it. */
  disowned: boolean;
  text: string;
};

/** Citations whose quote is not in its source at its place, or does not say what stands before its marker. */
function wrongCitations(receipt: Receipt, shelf: Shelf, question: Question, claims: Claim[] | null): string[] {
  const wrong: string[] = [];
  const byIndex = new Map(receipt.citations.map(({ citation }) => [citation.index, citation]));
  for (const citation of byIndex.values()) {
    if (shelf.texts.get(citation.sourceId)?.slice(citation.start, citation.end) !== citation.quote)
      wrong.push(`not literal: ${citation.quote}`);
  }
  let from = 0;
  for (const marks of receipt.text.matchAll(/(?:\s?\[\d+\])+/g)) {
    const before = flat(receipt.text.slice(from, marks.index));
    from = marks.index + marks[0].length;
    const claim = claims?.findLast(({ text }) => before.toLowerCase().includes(text.replace(/[.!?]$/, "").toLowerCase()));
    for (const [, index] of marks[0].matchAll(/\[(\d+)\]/g)) {
      const quote = flat(byIndex.get(Number(index))?.quote ?? "");
      // The built-in responder claims nothing but quotes; a model's claim is judged by what the script knows of it.
      const supports =
        claims === null
          ? before.includes(flat(quote.replace(/^([-*•–—]|\d{1,2}[.)]|#{1,6})\s+/, "")))
          : claim?.truth && (!("quote" in question) || quote.includes(question.quote) || quote.includes(claim.text.replace(/[.;]$/, "")));
      if (!supports) wrong.push(`«${before.slice(-120)}» ← «${quote}»`);
    }
  }
  return wrong;
}

async function judge(shelf: Shelf, question: Question, responder: Responder): Promise<Verdict> {
  let claims: Claim[] = [];
  const llm =
    responder === "quotes"
      ? quotesLlm({ pauseMs: 0 })
      : scriptedModel(question, (made) => {
          claims = made;
        });
  const receipt = await askShelf(shelf, { ...question, text: question.ask }, llm);
  const quotes = receipt.citations.map(({ citation }) => flat(citation.quote));
  const answered = receipt.outcome === "answered";
  return {
    question,
    answered,
    onTarget: answered && "quote" in question && quotes.some((quote) => quote.includes(question.quote)),
    citations: quotes.length,
    wrongCitations: wrongCitations(receipt, shelf, question, responder === "quotes" ? null : claims),
    suggestions: receipt.parts.flatMap((part) => (part.type === "data-suggestions" ? part.data.questions : [])),
    disowned:
      !answered && (admitsUnknown(receipt.text) || receipt.parts.some((part) => part.type === "data-grounding" && part.data.notice)),
    lieShown: "lie" in question && receipt.text.includes(question.lie.replace(/\.$/, "")),
    text: receipt.text,
  };
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : Number((part / whole).toFixed(3)));

export type GroundingRow = {
  split: Split;
  language: Language;
  responder: Responder;
  questions: number;
  falseUnknown: number;
  falseAnswer: number;
  invention: number;
  inventionTrusted: number;
  wrongAnswer: number;
  wrongCitation: number;
  citations: number;
  smallTalk: number;
};

/** All questions of a split, asked of one responder; one row a language, and each verdict for whoever wants to look. */
export async function measureGrounding(
  shelves: Map<string, Shelf>,
  split: Split,
  responder: Responder,
): Promise<{ rows: GroundingRow[]; verdicts: Verdict[] }> {
  const verdicts: Verdict[] = [];
  const rows: GroundingRow[] = [];
  for (const language of LANGUAGES) {
    const work = SPLITS[split].flatMap((company) => questionsOf(company, language));
    const own: Verdict[] = [];
    const waiting = [...work];
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) own.push(await judge(shelves.get(next.company)!, next, responder));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const kind = await Promise.all(
      PLEASANTRIES[language].map((text) =>
        askShelf(
          shelves.get(SPLITS[split][0])!,
          { text, language },
          responder === "quotes" ? quotesLlm({ pauseMs: 0 }) : scriptedModel(null),
        ),
      ),
    );
    const [knowable, unknowable] = [own.filter(({ question }) => "quote" in question), own.filter(({ question }) => "lie" in question)];
    const citations = own.reduce((total, verdict) => total + verdict.citations, 0);
    rows.push({
      split,
      language,
      responder,
      questions: work.length,
      falseUnknown: share(knowable.filter(({ answered }) => !answered).length, knowable.length),
      falseAnswer: share(unknowable.filter(({ answered }) => answered).length, unknowable.length),
      invention: share(unknowable.filter(({ lieShown }) => lieShown).length, unknowable.length),
      inventionTrusted: share(unknowable.filter(({ lieShown, disowned }) => lieShown && !disowned).length, unknowable.length),
      wrongAnswer: share(knowable.filter(({ answered, onTarget }) => answered && !onTarget).length, knowable.length),
      wrongCitation: share(
        own.reduce((total, verdict) => total + verdict.wrongCitations.length, 0),
        citations,
      ),
      citations,
      smallTalk: share(kind.filter(({ outcome }) => outcome === "answered").length, kind.length),
    });
    verdicts.push(...own);
  }
  return { rows, verdicts };
}
