// A backend with one organization and one agent, for tests that put files in and look at what became of them.
import { randomUUID } from "node:crypto";
import { type DbConfig, serviceDb } from "@gpt-agent/core/db";
import { createLog } from "@gpt-agent/core/log";
import { putObject, sourceKey } from "@gpt-agent/core/storage";
import { startTestBackend } from "../../supabase/embedded/test-backend.ts";
import { indexSource } from "./index-source.ts";

export type TestKnowledge = Awaited<ReturnType<typeof startKnowledge>>;

export async function startKnowledge() {
  const backend = await startTestBackend();
  const config: DbConfig = { url: backend.url, publishableKey: backend.publishableKey, secretKey: backend.secretKey };
  const db = serviceDb(config);
  const log = createLog("error");
  const [orgId, agentId] = [randomUUID(), randomUUID()];
  await must(db.from("organizations").insert({ id: orgId, name: "Shop", slug: `shop-${orgId.slice(0, 8)}` }));
  await must(db.from("agents").insert({ id: agentId, org_id: orgId, name: "Helper" }));

  return {
    backend,
    config,
    db,
    log,
    orgId,
    agentId,
    close: () => backend.close(),

    /** Stores a file and records it as a source, as the portal does. */
    async add(name: string, bytes: Uint8Array | string): Promise<string> {
      const sourceId = randomUUID();
      const data = Buffer.from(bytes as Uint8Array);
      await putObject(db, sourceKey({ orgId, agentId, sourceId }), data, "application/octet-stream");
      await must(
        db.rpc("add_file_source", {
          org: orgId,
          agent: agentId,
          source: sourceId,
          source_title: name.slice(0, 300),
          source_media_type: "application/octet-stream",
          source_byte_size: data.length,
          source_hash: null,
        }),
      );
      return sourceId;
    },

    /** Reads a source as a job's only try would; the source's row says how it ended. */
    async read(sourceId: string) {
      await indexSource(sourceId, { db, log }, { attempt: 2, lastAttempt: true, signal: new AbortController().signal }).catch(() => {});
      return this.source(sourceId);
    },

    async source(sourceId: string) {
      return must(db.from("sources").select("*").eq("id", sourceId).maybeSingle());
    },

    /** The chunks that are searched, in order. */
    async chunks(sourceId: string) {
      const source = await this.source(sourceId);
      if (!source?.current_version_id) return [];
      return rows(db.from("chunks").select("*").eq("source_version_id", source.current_version_id).order("position"));
    },

    async search(question: string) {
      return rows(db.rpc("search_chunks", { org: orgId, agent: agentId, question, max_results: 40 }));
    },

    /** Sent and unsent rows of the outbox with a name. */
    async jobs(name: string) {
      return rows(db.from("outbox").select("*").eq("name", name).order("created_at"));
    },
  };
}

/** The data of an answer; throws its error. */
export async function must<T>(query: PromiseLike<{ data: T; error: unknown }>): Promise<T> {
  const { data, error } = await query;
  if (error) throw error;
  return data;
}

/** The rows of an answer; throws its error. */
export async function rows<T>(query: PromiseLike<{ data: T[] | null; error: unknown }>): Promise<T[]> {
  return (await must(query)) ?? [];
}
