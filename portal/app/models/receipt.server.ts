import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { z } from "zod";
import { unwrap } from "~/models/result.server";
import type { Fate, Receipt, ReceiptAction, ReceiptPassage } from "./receipt";

type Tables = Database["public"]["Tables"];
type By = { orgId: string; conversationId: string; runId: string };

// A record made by an older version is no reason to hide the rest.
const visitorFacts = z.array(z.object({ label: z.string(), crm: z.string(), cloud: z.string() })).catch([]);
const attempts = z.array(z.object({ model: z.string(), error: z.string() })).catch([]);

/** The receipt of an answer; null when there is none of this id in this conversation of the organization. */
export async function findReceipt(db: Db, by: By): Promise<Receipt | null> {
  const run = unwrap(
    await db.from("runs").select("*").eq("org_id", by.orgId).eq("conversation_id", by.conversationId).eq("id", by.runId).maybeSingle(),
  );
  if (!run) return null;
  const [message, agent, version, apiKey, passages, actions, citations] = await Promise.all([
    db.from("messages").select("body, parent_id").eq("org_id", by.orgId).eq("id", run.message_id).maybeSingle().then(unwrap),
    db.from("agents").select("id, name, published_version_id").eq("org_id", by.orgId).eq("id", run.agent_id).maybeSingle().then(unwrap),
    run.agent_version_id
      ? db.from("agent_versions").select("number").eq("org_id", by.orgId).eq("id", run.agent_version_id).maybeSingle().then(unwrap)
      : null,
    run.api_key_id ? db.from("api_keys").select("name").eq("org_id", by.orgId).eq("id", run.api_key_id).maybeSingle().then(unwrap) : null,
    passagesOf(db, by),
    actionsOf(db, by),
    db.from("citations").select("index").eq("org_id", by.orgId).eq("message_id", run.message_id).then(unwrap),
  ]);
  const question = message?.parent_id
    ? unwrap(await db.from("messages").select("body").eq("org_id", by.orgId).eq("id", message.parent_id).maybeSingle())
    : null;
  return {
    id: run.id,
    conversationId: run.conversation_id,
    question: question?.body ?? "",
    answer: message?.body ?? "",
    startedAt: run.started_at,
    finishedAt: run.finished_at,
    status: run.status,
    outcome: run.outcome,
    errorCode: run.error_code,
    agent: {
      id: run.agent_id,
      name: agent?.name ?? "",
      version: version && { number: version.number, isCurrent: run.agent_version_id === agent?.published_version_id },
    },
    apiKey: run.api_key_id ? { id: run.api_key_id, name: apiKey?.name ?? null } : null,
    responder: run.responder === "model" ? "model" : "quotes",
    model: run.model,
    provider: run.provider,
    attempts: attempts.parse(run.attempts),
    promptHash: run.prompt_hash,
    searchText: run.search_text,
    visitorFacts: visitorFacts.parse(run.visitor_facts),
    passages,
    citations: citations.length,
    actions,
    tokens: { prompt: run.prompt_tokens, cached: run.cached_tokens, completion: run.completion_tokens },
    costMicros: run.cost_micros,
    timings: { searchMs: run.retrieval_ms, firstWordMs: run.first_token_ms, totalMs: run.total_ms },
  };
}

async function passagesOf(db: Db, by: By): Promise<ReceiptPassage[]> {
  const rows = unwrap(await db.from("run_passages").select("*").eq("org_id", by.orgId).eq("run_id", by.runId).order("position"));
  const fateOf = await fatesOf(db, by.orgId, rows);
  return rows.map((row) => ({
    position: row.position,
    sourceId: row.source_id,
    title: row.title,
    excerpt: row.excerpt,
    score: row.score,
    cited: row.cited,
    chunkId: row.chunk_id,
    chunkHash: row.chunk_hash,
    today: fateOf(row),
  }));
}

/**
 * What has become of the passages. A document that was read again has new chunks: a passage is the same when its words, by
 * their hash, still are in the document's present reading.
 */
async function fatesOf(db: Db, orgId: string, rows: Tables["run_passages"]["Row"][]) {
  const sourceIds = [...new Set(rows.flatMap((row) => row.source_id ?? []))];
  if (rows.length === 0) return (): Fate => "gone";
  const [byId, sources, byHash] = await Promise.all([
    db
      .from("chunks")
      .select("id, content_hash")
      .eq("org_id", orgId)
      .in(
        "id",
        rows.map((row) => row.chunk_id),
      )
      .then(unwrap),
    sourceIds.length ? db.from("sources").select("id, current_version_id").eq("org_id", orgId).in("id", sourceIds).then(unwrap) : [],
    sourceIds.length
      ? db
          .from("chunks")
          .select("source_id, source_version_id, content_hash")
          .eq("org_id", orgId)
          .in("source_id", sourceIds)
          .in(
            "content_hash",
            rows.map((row) => row.chunk_hash),
          )
          .then(unwrap)
      : [],
  ]);
  const current = new Map(sources.map((source) => [source.id, source.current_version_id]));
  const hashes = new Map(byId.map((chunk) => [chunk.id, chunk.content_hash]));
  const here = new Set(
    byHash
      .filter((chunk) => chunk.source_version_id === current.get(chunk.source_id))
      .map((chunk) => `${chunk.source_id}:${chunk.content_hash}`),
  );
  return (row: Tables["run_passages"]["Row"]): Fate => {
    // Receipts from before sources were kept know the chunk alone.
    if (!row.source_id) return hashes.has(row.chunk_id) ? (hashes.get(row.chunk_id) === row.chunk_hash ? "same" : "changed") : "gone";
    if (!current.has(row.source_id)) return "gone";
    return here.has(`${row.source_id}:${row.chunk_hash}`) ? "same" : "changed";
  };
}

async function actionsOf(db: Db, by: By): Promise<ReceiptAction[]> {
  const rows = unwrap(await db.from("run_actions").select("*").eq("org_id", by.orgId).eq("run_id", by.runId).order("position"));
  return rows.map((row) => ({
    position: row.position,
    name: row.name,
    title: row.title,
    kind: row.kind === "server" ? "server" : "page",
    input: row.input,
    outcome: row.outcome === "ok" ? "ok" : row.outcome === "declined" ? "declined" : "failed",
    status: row.status,
    durationMs: row.duration_ms,
    output: row.output_excerpt,
  }));
}
