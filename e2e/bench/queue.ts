// `npm run bench:queue [-- --jobs 300 --store redis|embedded --database pglite]`: from the commit of a change that needs a
// job to the moment its handler starts, on the platform as `npm start` runs it: with the queue and the data in its folder, and with the queue on a
// real Redis and the data on a Postgres server, where there is one. Takes two minutes.
//
// Goals: p50 <= 10 ms on Redis, <= 500 ms embedded. Ends with 1 when one is missed.
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Client } from "pg";
import { serviceDb } from "../../core/db.ts";
import { ensureBuilt } from "../../scripts/project.mjs";
import { keysOf } from "../account.ts";
import { startRedis } from "../fakes/redis.ts";
import { startPlatform } from "../platform.ts";
import { untilIdle } from "../until-idle.ts";
import { figures, percentile } from "./figures.ts";
import { type BenchDatabase, startDatabase } from "./streams/database.ts";
import { must } from "./workers/backend.ts";

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "300" },
    store: { type: "string", default: "both" },
    database: { type: "string", default: "postgres" },
  },
});
const jobs = Number(values.jobs);
const GOALS = { redis: 10, embedded: 500 };
/** Jobs before those that count: code runs for the first time. */
const WARM_UP = 30;
/** The log has whole milliseconds, rounded down. */
const LOG_ROUNDING_MS = 0.5;
type Store = keyof typeof GOALS;

/**
 * Has Postgres write down when each job was committed: the moment just before its record goes to the disk.
 * @returns reads the times, in milliseconds since 1970, by the row's id
 */
async function watchCommits(url: string): Promise<() => Promise<Map<string, number>>> {
  const client = new Client(url);
  await client.connect();
  await client.query(`create table public.bench_commits (id uuid, transaction xid8 default pg_current_xact_id());
    create function public.bench_commit() returns trigger language plpgsql security definer as
      $$ begin insert into public.bench_commits (id) values (new.id); return null; end $$;
    create trigger bench_commit after insert on public.outbox for each row execute function public.bench_commit()`);
  return async () => {
    const { rows } = await client.query<{ id: string; at: number }>(
      "select id, extract(epoch from pg_xact_commit_timestamp(transaction::xid))::float8 * 1000 as at from public.bench_commits",
    );
    await client.end();
    return new Map(rows.map(({ id, at }) => [id, at]));
  };
}

/** Puts jobs into the outbox one by one, at random moments, and reads from the worker's log when it began them. */
async function pickups(env: Record<string, string>, database: BenchDatabase | null): Promise<number[]> {
  const platform = await startPlatform({ env: { LOG_LEVEL: "debug", ...env, ...database?.env } });
  try {
    const begun = new Map<string, number>();
    createInterface({ input: platform.process.stdout! }).on("line", (line) => {
      if (!line.includes('"A job begins"')) return;
      const { jobId, time } = JSON.parse(line) as { jobId: string; time: string };
      begun.set(jobId, Date.parse(time));
    });
    const { SUPABASE_PUBLISHABLE_KEY: publishableKey, SUPABASE_SECRET_KEY: secretKey } = keysOf(platform.dataFolder);
    const db = serviceDb({ url: platform.backendUrl, publishableKey, secretKey });
    const { id: orgId } = await must(db.from("organizations").select("id").limit(1).single());
    // The demo's own jobs are none of the question.
    await untilIdle(platform);
    const commits = database ? await watchCommits(database.env.BACKEND_DATABASE_URL) : null;
    const deliveries: string[] = [];
    for (let n = 0; n < WARM_UP + jobs; n++) {
      // A delivery that does not exist: its handler finds that out with one question.
      const deliveryId = randomUUID();
      deliveries.push(deliveryId);
      const job = { job_org: orgId, job_name: "webhook.deliver", job_payload: { deliveryId }, after_job: deliveryId, milliseconds: 0 };
      const put = await db.rpc("postpone_job", job);
      if (put.error) throw new Error(put.error.message);
      await sleep(100 + Math.random() * 300);
    }
    await untilIdle(platform);
    const rows = await must(db.from("outbox").select("id, created_at, payload").eq("name", "webhook.deliver").limit(10_000));
    const times = await commits?.();
    // PGlite does not tell: the row's time is that of its transaction's beginning, some milliseconds before.
    const committed = new Map(
      rows.map((row) => [
        (row.payload as { deliveryId: string }).deliveryId,
        { id: row.id, at: times?.get(row.id) ?? Date.parse(row.created_at) },
      ]),
    );
    return deliveries.slice(WARM_UP).map((deliveryId) => {
      const row = committed.get(deliveryId);
      const start = begun.get(row?.id ?? "");
      if (!row || !start) throw new Error("A job was never begun");
      return start + LOG_ROUNDING_MS - row.at;
    });
  } finally {
    await platform.stop();
  }
}

await ensureBuilt();
const rows = [];
for (const store of ["redis", "embedded"] as const satisfies Store[]) {
  if (values.store !== "both" && values.store !== store) continue;
  const redis = store === "redis" ? await startRedis() : null;
  let database: BenchDatabase | null = null;
  let measured: number[];
  try {
    database = redis ? await startDatabase(values.database, ["track_commit_timestamp=on"]) : null;
    measured = await pickups(redis ? { REDIS_URL: redis.url } : {}, database);
  } finally {
    await database?.stop();
    await redis?.stop();
  }
  rows.push({
    store,
    database: database ? "postgres" : "pglite",
    jobs: measured.length,
    "p50 ms": percentile(measured, 50),
    "p95 ms": percentile(measured, 95),
    "worst ms": percentile(measured, 100),
    goal: `p50 <= ${GOALS[store]}`,
    met: percentile(measured, 50) <= GOALS[store],
  });
}
figures("queue", rows);
process.exit(rows.every(({ met }) => met) ? 0 : 1);
