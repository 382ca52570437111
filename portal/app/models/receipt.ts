import type { Database } from "@gpt-agent/core/db-types";

type Run = Database["public"]["Tables"]["runs"]["Row"];
type Json = Database["public"]["Tables"]["run_actions"]["Row"]["input"];

/** What has become of a passage since: the same words are still in its document, they are not, or the document is gone. */
export type Fate = "same" | "changed" | "gone";

export type ReceiptPassage = {
  position: number;
  sourceId: string | null;
  title: string | null;
  excerpt: string | null;
  score: number;
  cited: boolean;
  chunkId: string;
  chunkHash: string;
  today: Fate;
};

export type ReceiptAction = {
  position: number;
  name: string;
  title: string | null;
  kind: "server" | "page";
  input: Json;
  outcome: "ok" | "failed" | "declined";
  status: number | null;
  durationMs: number | null;
  output: string | null;
};

/** Why an answer came out as it did. Money is in millionths of a US dollar. */
export type Receipt = {
  id: string;
  conversationId: string;
  question: string;
  answer: string;
  startedAt: string;
  finishedAt: string | null;
  status: Run["status"];
  outcome: Run["outcome"];
  errorCode: string | null;
  agent: { id: string; name: string; version: { number: number; isCurrent: boolean } | null };
  apiKey: { id: string; name: string | null } | null;
  responder: "model" | "quotes";
  model: string | null;
  provider: string | null;
  /** Models that were asked before and did not answer. */
  attempts: { model: string; error: string }[];
  promptHash: string | null;
  searchText: string | null;
  /** What the model was told of the visitor out of CRMs: names of fields; values are not kept here. */
  visitorFacts: { label: string; crm: string; cloud: string }[];
  passages: ReceiptPassage[];
  /** Statements of the answer with a citation. */
  citations: number;
  actions: ReceiptAction[];
  tokens: { prompt: number; cached: number; completion: number };
  costMicros: number;
  timings: { searchMs: number | null; firstWordMs: number | null; totalMs: number | null };
};
