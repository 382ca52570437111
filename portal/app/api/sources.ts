import { createHash } from "node:crypto";
import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import type { Log } from "@gpt-agent/core/log";
import { SOURCE_FAILURES } from "@gpt-agent/core/source-failures";
import { putObject, removeObject, sourceKey } from "@gpt-agent/core/storage";
import { z } from "zod";
import { idAfter, idPage, type Page, pageQuery } from "~/api/page";
import type { NewSource } from "~/api/source-requests";
import { moment, time } from "~/api/time";
import { idempotencyMismatch } from "~/http/idempotency";
import { unwrap } from "~/models/result.server";
import { rereadSource } from "~/models/source.server";
import { uuidV7 } from "~/models/uuid-v7.server";

const STATUSES = ["queued", "reading", "indexing", "ready", "failed"] as const;
const KINDS = ["file", "page", "qa"] as const;

export const sourcesQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(STATUSES, { error: `must be one of ${STATUSES.join(", ")}` }).optional(),
});

const count = z.int().min(0);

/** A document of an agent, and how its reading goes. */
export const sourceAnswer = z.strictObject({
  id: z.uuid(),
  kind: z.enum(KINDS),
  title: z.string(),
  mediaType: z.string().nullable(),
  bytes: count,
  status: z.enum(STATUSES).meta({ description: "It answers questions once it is ready; while it is read anew, the earlier reading does." }),
  failure: z.enum(SOURCE_FAILURES).nullable().meta({ description: "Why it could not be read." }),
  progress: z
    .strictObject({ done: count, total: count })
    .meta({ description: "Passages stored, of how many; total is 0 until that is known." }),
  reading: z
    .strictObject({ pages: count.nullable(), characters: count, passages: count, language: z.string().nullable() })
    .nullable()
    .meta({ description: "What was found in it; null before the first reading." }),
  createdAt: time,
  readyAt: time.nullable(),
});
export type SourceAnswer = z.infer<typeof sourceAnswer>;

const columns =
  "id, kind, title, media_type, byte_size, status, failure_code, progress_done, progress_total, current_version_id, created_at, ready_at" as const;

type Agent = { orgId: string; agentId: string };
type OneSource = Agent & { sourceId: string };

const rowsOf = (db: Db, by: Agent) => db.from("sources").select(columns).eq("org_id", by.orgId).eq("agent_id", by.agentId);
type Row = NonNullable<Awaited<ReturnType<typeof rowsOf>>["data"]>[number];
type Reading = NonNullable<SourceAnswer["reading"]>;

/** Readings by id. Asked for apart: Supabase Lite joins a composite foreign key by its first column alone. */
async function readingsOf(db: Db, orgId: string, rows: Row[]): Promise<Map<string, Reading>> {
  const ids = rows.flatMap((row) => row.current_version_id ?? []);
  if (ids.length === 0) return new Map();
  const found = unwrap(
    await db.from("source_versions").select("id, page_count, char_count, chunk_count, language").eq("org_id", orgId).in("id", ids),
  );
  return new Map(
    found.map((row) => [row.id, { pages: row.page_count, characters: row.char_count, passages: row.chunk_count, language: row.language }]),
  );
}

const answer = (row: Row, readings: Map<string, Reading>): SourceAnswer => ({
  id: row.id,
  kind: KINDS.find((kind) => kind === row.kind) ?? "file",
  title: row.title,
  mediaType: row.media_type,
  bytes: row.byte_size ?? 0,
  status: STATUSES.find((status) => status === row.status) ?? "failed",
  failure: row.failure_code === null ? null : (SOURCE_FAILURES.find((code) => code === row.failure_code) ?? "unexpected"),
  progress: { done: row.progress_done, total: row.progress_total },
  reading: readings.get(row.current_version_id ?? "") ?? null,
  createdAt: moment(row.created_at),
  readyAt: row.ready_at && moment(row.ready_at),
});

/** A page of an agent's sources, newest first. */
export async function sourcePage(db: Db, by: Agent & z.output<typeof sourcesQuery>): Promise<Page<SourceAnswer>> {
  const after = idAfter(by.cursor);
  let query = rowsOf(db, by);
  if (after) query = query.lt("id", after);
  if (by.status) query = query.eq("status", by.status);
  const rows = unwrap(await query.order("id", { ascending: false }).limit(by.limit + 1));
  const readings = await readingsOf(db, by.orgId, rows.slice(0, by.limit));
  return idPage(rows, by.limit, (row) => answer(row, readings));
}

async function findSource(db: Db, by: OneSource): Promise<SourceAnswer | null> {
  const row = unwrap(await rowsOf(db, by).eq("id", by.sourceId).maybeSingle());
  return row ? answer(row, await readingsOf(db, by.orgId, [row])) : null;
}

/** One source of an agent. @throws AppError("not_found") */
export async function readSource(db: Db, by: OneSource): Promise<SourceAnswer> {
  const source = await findSource(db, by);
  if (!source) throw new AppError("not_found", "This agent has no such source.");
  return source;
}

/** Deletes a source with its passages; its file follows. @throws AppError("not_found") */
export async function removeSource(db: Db, by: OneSource): Promise<void> {
  const gone = await db.from("sources").delete().eq("org_id", by.orgId).eq("agent_id", by.agentId).eq("id", by.sourceId).select("id");
  if (unwrap(gone).length === 0) throw new AppError("not_found", "This agent has no such source.");
}

/** Has a source read anew, unless that is going on already. @throws AppError("not_found") */
export async function resyncSource(db: Db, by: OneSource): Promise<SourceAnswer> {
  const source = await readSource(db, by);
  if (source.status !== "ready" && source.status !== "failed") return source;
  // Another call may have been quicker: then it is queued already, which is what was asked for.
  await rereadSource(db, { orgId: by.orgId, sourceId: by.sourceId }).catch((error: unknown) => {
    if (!(error instanceof AppError && error.code === "not_found")) throw error;
  });
  return readSource(db, by);
}

export type AddedBy = Agent & { keyId: string; idempotencyKey: string | null; log: Log };

/** What the earlier call with this Idempotency-Key added, or null when there was none. @throws AppError("idempotency_mismatch" | "conflict") */
async function addedEarlier(db: Db, by: AddedBy, requestHash: string): Promise<SourceAnswer | null> {
  if (by.idempotencyKey === null) return null;
  const key = await db
    .from("idempotency_keys")
    .select("request_hash, source_id")
    .eq("org_id", by.orgId)
    .eq("scope", `key:${by.keyId}`)
    .eq("key", by.idempotencyKey)
    .maybeSingle();
  const earlier = unwrap(key);
  if (!earlier) return null;
  if (earlier.request_hash !== requestHash || !earlier.source_id) throw idempotencyMismatch();
  return stillThere(db, { ...by, sourceId: earlier.source_id });
}

async function stillThere(db: Db, by: OneSource): Promise<SourceAnswer> {
  const source = await findSource(db, by);
  if (!source)
    throw new AppError("conflict", "The source that this Idempotency-Key added has been deleted. Use a new key to add it again.");
  return source;
}

/**
 * Stores a new source and starts its reading. The same Idempotency-Key and content again finds what the first call added.
 * @throws AppError("idempotency_mismatch" | "conflict" | "not_found" | "unavailable")
 */
export async function addSource(db: Db, by: AddedBy, source: NewSource): Promise<SourceAnswer> {
  const hash = createHash("sha256").update(source.bytes).digest("hex");
  const requestHash = createHash("sha256")
    .update(JSON.stringify([by.agentId, source.kind, source.title, source.mediaType, hash]))
    .digest("hex");
  const earlier = await addedEarlier(db, by, requestHash);
  if (earlier) return earlier;

  const sourceId = uuidV7();
  const key = sourceKey({ orgId: by.orgId, agentId: by.agentId, sourceId });
  const forget = () =>
    removeObject(db, key).catch((left: unknown) =>
      by.log.warn("An object without a source was left in storage", { error: left, sourceId }),
    );
  await putObject(db, key, source.bytes, source.mediaType);
  const added = await db.rpc("add_source_for_key", {
    org: by.orgId,
    agent: by.agentId,
    api_key: by.keyId,
    source: sourceId,
    source_kind: source.kind,
    source_title: source.title,
    source_media_type: source.mediaType,
    source_byte_size: source.bytes.byteLength,
    source_hash: hash,
    idempotency_key: by.idempotencyKey,
    request_hash: requestHash,
  });
  if (added.error || added.data !== sourceId) await forget();
  if (added.error?.hint === "idempotency_mismatch") throw idempotencyMismatch();
  return stillThere(db, { ...by, sourceId: unwrap(added) });
}
