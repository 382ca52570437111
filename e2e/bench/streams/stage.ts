import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Db, serviceDb } from "../../../core/db.ts";
import { type Platform, startPlatform } from "../../platform.ts";
import { untilIdle } from "../../until-idle.ts";
import { Visitor } from "../../visitor.ts";
import { type BenchServer, startServer } from "./child.ts";
import { type BenchDatabase, startDatabase } from "./database.ts";
import type { Ask } from "./readers.ts";

/** The page that the bench's visitors are on. */
export const PAGE = "https://shop.example";

export type Stage = { platform: Platform; model: BenchServer; db: Db; database: BenchDatabase | null; stop(): Promise<void> };

/**
 * The platform as `npm start` runs it, at rest, with a paced model for its endpoint. Callers may name their own address.
 * @param kind "postgres" for a server of its own, anything else for PGlite
 */
export async function setStage(env: Record<string, string> = {}, kind?: string): Promise<Stage> {
  /** What runs so far, the newest last. */
  const started: (() => unknown)[] = [];
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  try {
    const model = await startServer("paced-model.ts");
    started.push(() => model.stop());
    const database = await startDatabase(kind);
    if (database) started.push(() => database.stop());
    const platform = await startPlatform({
      env: {
        LLM_BASE_URL: model.url,
        LLM_API_KEY: "bench",
        LLM_DEFAULT_MODEL: "paced",
        TRUSTED_PROXIES: "1",
        NODE_OPTIONS: "--inspect-port=0",
        ...database?.env,
        ...env,
      },
    });
    started.push(() => platform.stop());
    await untilIdle(platform);
    const secrets = JSON.parse(readFileSync(join(platform.dataFolder, "secrets.json"), "utf8")) as Record<string, string>;
    const db = serviceDb({
      url: platform.backendUrl,
      publishableKey: secrets.SUPABASE_PUBLISHABLE_KEY!,
      secretKey: secrets.SUPABASE_SECRET_KEY!,
    });
    return { platform, model, db, database, stop };
  } catch (error) {
    // A bench that did not begin leaves nothing running.
    await stop();
    throw error;
  }
}

export const SUBJECTS =
  "bottle delivery warranty return dishwasher lid straw colour engraving voucher courier refund leak size steel".split(" ");
const FACTS = "takes costs lasts covers needs allows includes excludes means requires".split(" ");

/** A passage of everyday words; every one has a word that no other has. */
function passage(n: number): string {
  const word = (list: string[], step: number) => list[(n * step + (n >> 4)) % list.length];
  const sentences = Array.from(
    { length: 8 },
    (_, s) =>
      `The ${word(SUBJECTS, s + 3)} ${word(FACTS, s + 5)} ${(n * (s + 7)) % 97} days for the ${word(SUBJECTS, s + 11)} of model M${n % 500}.`,
  );
  return `Article ${n} is about item${n}. ${sentences.join(" ")}`;
}

/** A live agent that answers PAGE and knows `passages` passages. Returns its public id. */
export async function addAgent({ db }: Stage, passages: number): Promise<string> {
  const done = <T>({ data, error }: { data: T; error: unknown }): NonNullable<T> => {
    if (error || data === null) throw error ?? new Error("nothing came back");
    return data as NonNullable<T>;
  };
  const slug = `bench-${randomUUID().slice(0, 8)}`;
  const { id: org_id } = done(await db.from("organizations").insert({ name: "Bench", slug }).select("id").single());
  const agent = done(await db.from("agents").insert({ org_id, name: "Bench" }).select("id, public_id").single());
  const version = { org_id, agent_id: agent.id, number: 1, settings: {} };
  const { id: published_version_id } = done(await db.from("agent_versions").insert(version).select("id").single());
  done(await db.from("agents").update({ published_version_id }).eq("id", agent.id).select("id"));
  done(await db.from("agent_origins").insert({ org_id, agent_id: agent.id, origin: PAGE }).select("origin"));
  const source = { org_id, agent_id: agent.id, kind: "file", title: "Handbook", status: "ready" };
  const { id: source_id } = done(await db.from("sources").insert(source).select("id").single());
  const reading = done(
    await db
      .from("source_versions")
      .insert({ org_id, source_id, content_hash: slug, indexed_at: new Date().toISOString() })
      .select("id")
      .single(),
  );
  done(await db.from("sources").update({ current_version_id: reading.id }).eq("id", source_id).select("id"));
  for (let at = 0; at < passages; at += 500) {
    const batch = Array.from({ length: Math.min(500, passages - at) }, (_, n) => {
      const body = passage(at + n);
      return {
        position: at + n,
        headingPath: [],
        page: null,
        charStart: 0,
        charEnd: body.length,
        body,
        language: "en",
        contentHash: `${at + n}`,
      };
    });
    done(await db.rpc("add_chunks", { version: reading.id, batch }));
  }
  return agent.public_id;
}

/** Visitors with open sessions, each with an address of their own, counted from `first`. */
export async function openVisitors({ platform }: Stage, agentId: string, count: number, first = 0): Promise<BenchVisitor[]> {
  const visitors: BenchVisitor[] = [];
  const open = async (at: number) => {
    const n = first + at;
    const address = `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
    const visitor = new Visitor(platform.url, agentId, PAGE, { "x-forwarded-for": address });
    visitors.push({ agentId, visitor, headers: await visitor.headers() });
  };
  for (let at = 0; at < count; at += 8) await Promise.all(Array.from({ length: Math.min(8, count - at) }, (_, n) => open(at + n)));
  return visitors;
}

/** Agents of so many passages, and the visitors of each; a single agent may be asked only so often in a minute. */
export async function openCrowd(stage: Stage, agents: number, passages: number, visitorsOfEach: number): Promise<BenchVisitor[]> {
  const visitors: BenchVisitor[] = [];
  for (let n = 0; n < agents; n++) {
    const agent = await addAgent(stage, passages);
    visitors.push(...(await openVisitors(stage, agent, visitorsOfEach, n << 16)));
  }
  return visitors;
}

export type BenchVisitor = { agentId: string; visitor: Visitor; headers: Record<string, string> };

/** A visitor's question, ready to be sent. */
export function question({ platform }: Stage, { agentId, headers }: BenchVisitor, text: string): Ask {
  return {
    url: `${platform.url}/api/v1/agents/${agentId}/chat`,
    method: "POST",
    headers,
    body: JSON.stringify({
      id: randomUUID(),
      messages: [{ id: randomUUID(), role: "user", parts: [{ type: "text", text }] }],
      trigger: "submit-message",
    }),
  };
}
