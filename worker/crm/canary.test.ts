// What lets us into a CRM, and what a visitor says of themselves, is in no queue: jobs are ids, and so are their failures.
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RealRedis, startRedis } from "../../e2e/fakes/redis.ts";
import { Dispatcher } from "../dispatcher.ts";
import { handleJob } from "../jobs/index.ts";
import { Ledger } from "../ledger.ts";
import type { JobQueue } from "../queue/job-queue.ts";
import { openEmbeddedQueue } from "../queue/postgres.ts";
import { openRedisQueue } from "../queue/redis.ts";
import { type CrmWorld, startCrmWorld, startFastAmocrm } from "./test-world.ts";

let world: CrmWorld;
let redis: RealRedis;
let folder: string;
beforeAll(async () => {
  [world, redis, folder] = await Promise.all([
    startCrmWorld("amocrm", startFastAmocrm),
    startRedis(),
    mkdtemp(join(tmpdir(), "gpt-agent-canary-")),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([world?.close(), redis?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const until = (check: () => unknown) => vi.waitFor(async () => expect(await check()).toBeTruthy(), { timeout: 40_000, interval: 50 });

/** Everything that Redis holds, of whatever kind. */
async function dumpRedis(): Promise<string> {
  const client = new Redis(redis.url);
  try {
    const held: unknown[] = [];
    for (const key of await client.keys("*")) {
      const type = await client.type(key);
      held.push(key);
      if (type === "hash") held.push(await client.hgetall(key));
      else if (type === "list") held.push(await client.lrange(key, 0, -1));
      else if (type === "set") held.push(await client.smembers(key));
      else if (type === "zset") held.push(await client.zrange(key, 0, -1, "WITHSCORES"));
      else if (type === "stream") held.push(await client.xrange(key, "-", "+"));
      else held.push(await client.get(key));
    }
    return JSON.stringify(held);
  } finally {
    client.disconnect();
  }
}

/** Everything that the embedded queue's tables hold. */
async function dumpFolder(): Promise<string> {
  const db = await PGlite.create(join(folder, "queue"));
  try {
    const { rows: tables } = await db.query<{ name: string }>(
      "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema = 'bullmq' and table_type = 'BASE TABLE'",
    );
    const held = await Promise.all(
      tables.map(async ({ name }) => [name, (await db.query(`select to_jsonb(t)::text as row from ${name} t`)).rows]),
    );
    return JSON.stringify(held);
  } finally {
    await db.close();
  }
}

const STORES: [string, () => Promise<JobQueue>, () => Promise<string>][] = [
  ["Redis", () => openRedisQueue(redis.url, { log: world.log }), dumpRedis],
  ["a folder", () => openEmbeddedQueue(join(folder, "queue"), { log: world.log }), dumpFolder],
];

test.each(STORES)("T12 H18: BullMQ on %s holds ids alone, also of jobs that a CRM's own words have failed", async (_, open, dump) => {
  await world.reset();
  const grant = world.fake.grant();
  const connectionId = await world.connect({ pull: true }, grant);
  const visitorId = await world.visitor();
  const canary = { name: "Canary Petrova", email: "canary-mail@example.com", phone: "+79995550101", message: "CANARY-MESSAGE" };
  await world.lead(visitorId, await world.conversation(visitorId, ["CANARY-QUESTION"]), canary);
  // It repeats what it was sent, as some services do.
  const words = `Bearer ${grant.accessToken} ${grant.refreshToken} ${world.fake.app.clientSecret} ${canary.email} is bad`;
  world.fake.failNext(...Array.from({ length: 60 }, () => ({ status: 400, json: { detail: words, title: words } })));

  const queue = await open();
  await until(() => queue.depths().catch(() => null));
  await world.backend.db.exec("update outbox set available_at = now() where sent_at is null");
  const done: string[] = [];
  const failed: string[] = [];
  const worker = queue.work(async (job) => {
    await handleJob({ ...job, lastAttempt: true }, world.deps()).then(
      () => done.push(job.name),
      (error: unknown) => {
        failed.push(job.name);
        throw error;
      },
    );
    if (failed.length > 0) return;
    // One of which BullMQ keeps the words.
    failed.push(job.name);
    throw new Error(`The job ${job.id} of ${connectionId} failed`);
  }, 1);
  await new Dispatcher({ db: world.db, queue, log: world.log, ledger: new Ledger(world), places: 20 }).dispatch();
  await until(async () => done.length + failed.length >= 2 && (await queue.depths()).active === 0 && (await queue.depths()).waiting === 0);
  await queue.add([{ id: randomUUID(), name: "crm.setup", turn: 0, payload: { connectionId }, attempt: 1, attempts: 1, rank: 0 }]);
  await until(async () => (await queue.depths()).waiting === 0);
  await worker.drain(5_000);
  await queue.close();

  const held = await dump();
  // It is looked at where the jobs are.
  expect(held).toContain(connectionId);
  expect(held).toContain("crm.setup");
  const secrets = [
    grant.accessToken,
    grant.refreshToken!,
    world.fake.app.clientSecret,
    (await world.connection(connectionId)).sealed_grant,
  ];
  for (const secret of [...secrets, ...Object.values(canary), "CANARY-QUESTION"]) expect(held).not.toContain(secret);
});
