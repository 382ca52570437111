import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import { SOURCE_FAILURES, type SourceFailure } from "@gpt-agent/core/source-failures";
import { unwrap } from "~/models/result.server";

type SourceRow = Database["public"]["Tables"]["sources"]["Row"];

export type Source = Pick<SourceRow, "id" | "title" | "created_at" | "ready_at" | "progress_done" | "progress_total"> & {
  status: "queued" | "reading" | "indexing" | "ready" | "failed";
  failure: SourceFailure | null;
  bytes: number;
  pages: number | null;
  characters: number | null;
  chunks: number | null;
  language: string | null;
};

const columns =
  "id, title, created_at, ready_at, status, failure_code, byte_size, progress_done, progress_total, current_version_id" as const;

type Selected = Pick<
  SourceRow,
  | "id"
  | "title"
  | "created_at"
  | "ready_at"
  | "status"
  | "failure_code"
  | "byte_size"
  | "progress_done"
  | "progress_total"
  | "current_version_id"
>;
type Reading = Pick<
  Database["public"]["Tables"]["source_versions"]["Row"],
  "id" | "page_count" | "char_count" | "chunk_count" | "language"
>;

const STATUSES = ["queued", "reading", "indexing", "ready", "failed"] as const;
/** Ids in one query's address. */
const BATCH = 100;

/** Sources with what their current reading found. Asked for apart: Supabase Lite joins a composite foreign key by its first column alone. */
async function withReadings(db: Db, orgId: string, rows: Selected[]): Promise<Source[]> {
  const ids = rows.flatMap((row) => row.current_version_id ?? []);
  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, n) => ids.slice(n * BATCH, (n + 1) * BATCH));
  const found = await Promise.all(
    batches.map((batch) =>
      db
        .from("source_versions")
        .select("id, page_count, char_count, chunk_count, language")
        .eq("org_id", orgId)
        .in("id", batch)
        .then(unwrap),
    ),
  );
  const readings = new Map(found.flat().map((reading) => [reading.id, reading]));
  return rows.map((row) => source(row, readings.get(row.current_version_id ?? "")));
}

const source = (row: Selected, reading: Reading | undefined): Source => ({
  id: row.id,
  title: row.title,
  created_at: row.created_at,
  ready_at: row.ready_at,
  progress_done: row.progress_done,
  progress_total: row.progress_total,
  status: STATUSES.find((status) => status === row.status) ?? "failed",
  failure: row.failure_code === null ? null : (SOURCE_FAILURES.find((code) => code === row.failure_code) ?? "unexpected"),
  bytes: row.byte_size ?? 0,
  pages: reading?.page_count ?? null,
  characters: reading?.char_count ?? null,
  chunks: reading?.chunk_count ?? null,
  language: reading?.language ?? null,
});

/** An agent's sources, newest first. */
export async function listSources(db: Db, by: { orgId: string; agentId: string }): Promise<Source[]> {
  const rows = await db
    .from("sources")
    .select(columns)
    .eq("org_id", by.orgId)
    .eq("agent_id", by.agentId)
    .order("created_at", { ascending: false })
    .order("id")
    .limit(1_000);
  return withReadings(db, by.orgId, unwrap(rows));
}

/** One source of an agent, or null. */
export async function findSource(db: Db, by: { orgId: string; agentId: string; sourceId: string }): Promise<Source | null> {
  const row = unwrap(
    await db.from("sources").select(columns).eq("org_id", by.orgId).eq("agent_id", by.agentId).eq("id", by.sourceId).maybeSingle(),
  );
  return row ? ((await withReadings(db, by.orgId, [row]))[0] ?? null) : null;
}

export type NewFile = { orgId: string; agentId: string; sourceId: string; title: string; mediaType: string; bytes: number; hash: string };

/** Records a file that is already in storage; its reading starts by itself. */
export async function addFileSource(db: Db, file: NewFile): Promise<void> {
  unwrap(
    await db.rpc("add_file_source", {
      org: file.orgId,
      agent: file.agentId,
      source: file.sourceId,
      source_title: file.title,
      source_media_type: file.mediaType,
      source_byte_size: file.bytes,
      source_hash: file.hash,
    }),
  );
}

/** Reads a ready or failed source once more. Throws "not_found" when there is none to read. */
export async function rereadSource(db: Db, by: { orgId: string; sourceId: string }): Promise<void> {
  unwrap(await db.rpc("reread_source", { org: by.orgId, source: by.sourceId }));
}

/** Deletes a source with its passages; its file follows later. One that is already gone is fine. */
export async function deleteSource(db: Db, by: { orgId: string; agentId: string; sourceId: string }): Promise<void> {
  const { error } = await db.from("sources").delete().eq("org_id", by.orgId).eq("agent_id", by.agentId).eq("id", by.sourceId);
  if (error) unwrap({ data: null, error });
}

export type Chunk = { id: string; position: number; page: number | null; headings: string[]; body: string };

/** A page of the passages that are searched for a source, in reading order, and how many there are. */
export async function listChunks(
  db: Db,
  by: { orgId: string; sourceId: string; from: number; limit: number },
): Promise<{ chunks: Chunk[]; total: number }> {
  const current = unwrap(await db.from("sources").select("current_version_id").eq("org_id", by.orgId).eq("id", by.sourceId).maybeSingle());
  if (!current?.current_version_id) return { chunks: [], total: 0 };
  const answer = await db
    .from("chunks")
    .select("id, position, page, headings:heading_path, body", { count: "exact" })
    .eq("org_id", by.orgId)
    .eq("source_version_id", current.current_version_id)
    .order("position")
    .range(by.from, by.from + by.limit - 1);
  // Asking past the end is an empty page, not a failure.
  if (answer.error?.code === "PGRST103") throw new AppError("not_found", "There is no such page.");
  return { chunks: unwrap(answer), total: answer.count ?? 0 };
}
