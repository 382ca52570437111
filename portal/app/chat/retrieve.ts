import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import { givingFirst, searchWords } from "@gpt-agent/core/llm/company-questions";
import type { Embedder } from "@gpt-agent/core/llm/embed";
import { measuresOf, plainQuestion, stems } from "@gpt-agent/core/llm/stems";

/** A retrieved chunk, numbered from 1 as the prompt and the markers name it. */
export type Passage = {
  index: number;
  chunkId: string;
  chunkHash: string;
  sourceId: string;
  title: string;
  url: string | null;
  mediaType: string | null;
  page: number | null;
  headings: string[];
  text: string;
  /** Where the text starts in the source's extracted text, in UTF-16 code units. */
  charStart: number;
  score: number;
};

/** Makes the vector of a question with the model that made the passages' vectors; null where the embedder does not fit. */
export type EmbedQuestion = (question: string, signal: AbortSignal) => Promise<{ vector: number[]; model: string } | null>;

/** Questions through an embedder, where there is one. */
export function embedQuestion(embedder: Embedder | null): EmbedQuestion | undefined {
  if (!embedder) return undefined;
  return async (question, signal) => {
    const [vector] = await embedder.embed([question], signal);
    return vector ? { vector, model: embedder.model } : null;
  };
}

export type RetrieveQuery = {
  orgId: string;
  agentId: string;
  /** What to search for: a question, and those before it that it leans on. */
  text: string;
  /** The question alone, where `text` is more. */
  question?: string;
  limit: number;
};

/** What is asked of the company itself has few words to find it by: so many times as many passages are looked at. */
const WIDER = 3;
/** So many questions that have the words of the one that is asked, and others between them, are compared with it. */
const ALIKE = 20;
const LONGEST_TITLE = 300;

/** What the knowledge is searched for: a question, and the words that documents have where they answer it. */
export const searchTextOf = (question: string): string =>
  [question, searchWords(question), ...measuresOf(question)].filter(Boolean).join(" ");

type Found = Database["public"]["Functions"]["search_chunks"]["Returns"][number];

/**
 * The passages of a question and answer (a source of kind "qa") whose question is asked word for word; looked for where no word of it says what
 * to search for ("Who are you?"). None when the database cannot be asked: the search says so.
 */
async function askedWordForWord(
  db: Db,
  { orgId, agentId, text, question = text, limit }: RetrieveQuery,
  signal: AbortSignal,
): Promise<Found[]> {
  const asked = plainQuestion(question);
  if (asked === "" || asked.length > LONGEST_TITLE || stems(question).size > 0) return [];
  const sources = await db
    .from("sources")
    .select("title, url, media_type, current_version_id")
    .eq("org_id", orgId)
    .eq("agent_id", agentId)
    .eq("kind", "qa")
    .not("current_version_id", "is", null)
    .ilike("title", `%${asked.replaceAll("е", "_").replaceAll(" ", "%")}%`)
    .limit(ALIKE)
    .abortSignal(signal);
  const source = sources.data?.find(({ title }) => plainQuestion(title) === asked);
  if (!source) return [];
  const { title, url, media_type, current_version_id } = source;
  const { data } = await db
    .from("chunks")
    .select("chunk_id:id, source_id, page, heading_path, body, char_start, char_end, content_hash, language")
    .eq("org_id", orgId)
    .eq("source_version_id", current_version_id!)
    .order("position")
    .limit(limit)
    .abortSignal(signal);
  return (data ?? []).map((row) => ({ ...row, title, url, media_type, score: 1 }) as Found);
}

/**
 * The passages of an agent's knowledge that fit a text best, best first. A failing embedder only costs the vectors.
 * @throws AppError("unavailable") when the database cannot be searched
 */
export async function retrieve(db: Db, query: RetrieveQuery, signal: AbortSignal, embed?: EmbedQuestion): Promise<Passage[]> {
  const embedded = await embed?.(query.text, signal).catch(() => null);
  const literally = await askedWordForWord(db, query, signal);
  const { data, error } = await db
    .rpc("search_chunks", {
      org: query.orgId,
      agent: query.agentId,
      question: searchTextOf(query.text),
      max_results: query.limit * (searchWords(query.text) ? WIDER : 1),
      ...(embedded ? { question_embedding: JSON.stringify(embedded.vector), embedding_model: embedded.model } : {}),
    })
    .abortSignal(signal);
  signal.throwIfAborted();
  if (error) throw new AppError("unavailable", "The knowledge could not be searched. Please try again.", { cause: error, retryAfter: 5 });
  const others = givingFirst(query.text, data).filter((row) => !literally.some(({ chunk_id }) => chunk_id === row.chunk_id));
  const best = [...literally, ...others].slice(0, query.limit);
  return best.map((row, at) => ({
    index: at + 1,
    chunkId: row.chunk_id,
    chunkHash: row.content_hash,
    sourceId: row.source_id,
    title: row.title,
    url: row.url,
    mediaType: row.media_type,
    page: row.page,
    headings: row.heading_path,
    text: row.body,
    charStart: row.char_start,
    score: row.score,
  }));
}
