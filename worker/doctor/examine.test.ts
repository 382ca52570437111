// Each check is broken for real, and must notice.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../../e2e/fakes/free-port.ts";
import { type RealRedis, startRedis } from "../../e2e/fakes/redis.ts";
import { startKnowledge, type TestKnowledge } from "../ingest/test-knowledge.ts";
import { examine } from "./examine.ts";

let knowledge: TestKnowledge;
let redis: RealRedis;
let good: Record<string, string>;
const servers: { close(): unknown; closeAllConnections?(): void }[] = [];

/** A server of these answers; closed at the end. */
async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await new Promise((done) => server.once("listening", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
/** A mail server that greets, and takes or refuses who signs in. */
async function mailServer(takes: boolean): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.write("220 mail\r\n");
    socket.on("data", (bytes) => {
      const line = bytes.toString();
      if (/^(EHLO|HELO)/.test(line)) socket.write(takes ? "250 mail\r\n" : "421 too busy\r\n");
      else socket.end("221 bye\r\n");
    });
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await new Promise((done) => server.once("listening", done));
  return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const look = async (over: Record<string, string | undefined> = {}, clock?: () => number) => {
  const env = Object.fromEntries(Object.entries({ ...good, ...over }).filter((pair): pair is [string, string] => pair[1] !== undefined));
  return examine(env, clock);
};
const found = async (check: string, over?: Record<string, string | undefined>, clock?: () => number) => {
  const matching = (await look(over, clock)).filter((finding) => finding.check === check);
  return matching.find(({ status }) => status === "fail") ?? matching.find(({ status }) => status === "warn") ?? matching[0];
};
const sql = (text: string) => knowledge.backend.db.exec(text);
/** Breaks the database, looks, and mends it. */
async function broken(change: string, repair: string, check: string, over: Record<string, string | undefined> = {}) {
  await sql(change);
  try {
    return await found(check, over);
  } finally {
    await sql(repair);
  }
}

beforeAll(async () => {
  // Supabase Lite writes a line for each refusal, and the publishable key is refused at every look.
  vi.spyOn(console, "error").mockImplementation(() => {});
  [knowledge, redis] = await Promise.all([startKnowledge(), startRedis()]);
  const settings = new Redis(redis.url);
  await settings.config("SET", "maxmemory-policy", "noeviction");
  await settings.config("SET", "appendonly", "yes");
  settings.disconnect();
  good = {
    SUPABASE_URL: knowledge.config.url,
    SUPABASE_PUBLISHABLE_KEY: knowledge.config.publishableKey,
    SUPABASE_SECRET_KEY: knowledge.config.secretKey,
    ENCRYPTION_KEY: `2:${randomBytes(32).toString("base64")},1:${randomBytes(32).toString("base64")}`,
    BACKUP_KEY: randomBytes(32).toString("base64"),
    BACKUP_TARGET: "/var/backups",
    APP_URL: await serve((_request, response) => response.end('{"status":"ok"}')),
    REDIS_URL: redis.url,
    LLM_BASE_URL: await serve((request, response) =>
      response.writeHead(request.headers.authorization === "Bearer known" ? 200 : 401).end("{}"),
    ),
    LLM_API_KEY: "known",
    SMTP_URL: await mailServer(true),
  };
  await sql(`insert into private.workers (id, host, version, store, concurrency, running) values (gen_random_uuid(), 'h', '1', 'redis', 8, 0);
    insert into private.backups (place, file_name, is_scheduled, alive_until, ended_at, outcome, bytes) values ('/var/backups', 'x', true, now(), now(), 'made', 1);
    update private.workers set seen_at = now() + interval '10 minutes'`);
}, 90_000);
afterEach(() => sql("update private.workers set seen_at = now() + interval '10 minutes'"));
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections?.();
    server.close();
  }
  await redis?.stop();
  await knowledge?.close();
  vi.restoreAllMocks();
});

test("an installation that is well has nothing to mend", async () => {
  const findings = await look();
  expect(findings.filter(({ status }) => status === "fail")).toEqual([]);
  expect(findings.filter(({ status }) => status === "warn").map(({ check }) => check)).toEqual(["webhooks"]);
  expect(findings.filter(({ status }) => status === "ok").length).toBeGreaterThan(12);
});

describe("settings and keys", () => {
  test("a missing and a malformed setting", async () => {
    expect(await found("settings", { APP_URL: undefined })).toMatchObject({
      status: "fail",
      says: expect.stringContaining("APP_URL is missing"),
    });
    expect(await found("settings", { ENCRYPTION_KEY: "short" })).toMatchObject({
      status: "fail",
      says: expect.stringContaining("ENCRYPTION_KEY is malformed"),
    });
  });
  test("keys in each other's place", async () => {
    const swapped = { SUPABASE_PUBLISHABLE_KEY: good.SUPABASE_SECRET_KEY, SUPABASE_SECRET_KEY: good.SUPABASE_PUBLISHABLE_KEY };
    expect((await look(swapped)).filter(({ check, status }) => check === "keys" && status === "fail")).toHaveLength(2);
    expect(await found("publishable key", { SUPABASE_PUBLISHABLE_KEY: good.SUPABASE_SECRET_KEY })).toMatchObject({ status: "fail" });
    const jwt = (role: string) => `x.${Buffer.from(JSON.stringify({ role })).toString("base64url")}.${"y".repeat(20)}`;
    expect(await found("keys", { SUPABASE_PUBLISHABLE_KEY: jwt("service_role") })).toMatchObject({ status: "fail" });
    expect(await found("keys", { SUPABASE_SECRET_KEY: jwt("anon") })).toMatchObject({ status: "fail" });
  });
  test("a key that is not random, and one that serves twice", async () => {
    for (const weak of [Buffer.alloc(32), Buffer.from("correct horse battery staple 123")])
      expect(await found("keys", { ENCRYPTION_KEY: weak.toString("base64") })).toMatchObject({
        status: "fail",
        says: expect.stringContaining("ENCRYPTION_KEY is not random"),
      });
    expect(await found("keys", { BACKUP_KEY: good.ENCRYPTION_KEY })).toMatchObject({
      status: "warn",
      says: expect.stringContaining("same key"),
    });
  });
  test("a public address without https", async () => {
    expect(await found("address", { APP_URL: "http://portal.invalid" })).toMatchObject({
      status: "fail",
      says: expect.stringContaining("without https"),
    });
  });
});

describe("the database", () => {
  test("one that is away, and one that does not know the key", async () => {
    expect(await found("database", { SUPABASE_URL: `http://127.0.0.1:${await freePort()}` })).toMatchObject({
      status: "fail",
      says: expect.stringContaining("does not answer"),
    });
    expect(await found("database", { SUPABASE_SECRET_KEY: `sb_secret_${"x".repeat(32)}` })).toMatchObject({
      status: "fail",
      says: expect.stringContaining("SUPABASE_SECRET_KEY"),
    });
  });
  test("one from before there was a doctor", async () => {
    const change = "alter function public.deployment_facts() rename to deployment_facts_away; notify pgrst, 'reload schema'";
    expect(await broken(change, "alter function public.deployment_facts_away() rename to deployment_facts", "database")).toMatchObject({
      status: "fail",
    });
  });
  test("T21: Row Level Security switched off for one table", async () => {
    const finding = await broken(
      "alter table public.messages disable row level security",
      "alter table public.messages enable row level security",
      "row level security",
    );
    expect(finding).toMatchObject({
      status: "fail",
      says: expect.stringContaining("public.messages"),
      todo: expect.stringContaining("enable row level security"),
    });
  });
  test("A6: a public bucket, and none", async () => {
    expect(await broken("update storage.buckets set public = true", "update storage.buckets set public = false", "storage")).toMatchObject({
      status: "fail",
      says: expect.stringContaining("is public"),
    });
    const rename = (from: string, to: string) =>
      `set session_replication_role = replica; update storage.buckets set id = '${to}' where id = '${from}'; set session_replication_role = origin`;
    expect(await broken(rename("knowledge", "k"), rename("k", "knowledge"), "storage")).toMatchObject({
      status: "fail",
      says: expect.stringContaining("missing"),
    });
  });
  test("a migration that is not applied, and one of a newer version", async () => {
    const ledger = "supabase_migrations.schema_migrations";
    expect(
      await broken(
        `update ${ledger} set version = 'x' where version = '20261126008000'`,
        `update ${ledger} set version = '20261126008000' where version = 'x'`,
        "migrations",
      ),
    ).toMatchObject({ status: "fail", says: expect.stringContaining("20261126008000") });
    expect(
      await broken(
        `insert into ${ledger} (version) values ('20991231000000')`,
        `delete from ${ledger} where version = '20991231000000'`,
        "migrations",
      ),
    ).toMatchObject({ status: "warn" });
  });
  test("clocks that are apart", async () => {
    expect(await found("clock", {}, () => Date.now() - 60_000)).toMatchObject({ status: "fail", says: expect.stringMatching(/(59|60)/) });
    expect(await found("clock", {}, () => Date.now() + 10_000)).toMatchObject({ status: "warn" });
  });
  test("no worker", async () => {
    expect(await broken("update private.workers set seen_at = now() - interval '5 minutes'", "select 1", "worker")).toMatchObject({
      status: "fail",
    });
  });
  test("secrets sealed with a key that is gone", async () => {
    const agent =
      "insert into public.agent_secrets (org_id, agent_id, name, sealed, last_four) select org_id, id, 'A', 'v1.old.' || repeat('A', 40), 'abcd' from public.agents limit 1";
    expect(await broken(agent, "delete from public.agent_secrets", "sealed secrets")).toMatchObject({
      status: "fail",
      says: expect.stringContaining('1 with key "old"'),
    });
  });
  test("backups that are old, that fail, and that nobody set up", async () => {
    const age = (hours: number) => `update private.backups set ended_at = now() - interval '${hours} hours' where outcome = 'made'`;
    expect(await broken(age(50), age(0), "backups")).toMatchObject({ status: "fail", says: expect.stringContaining("50 hours") });
    expect(await broken(age(50), age(0), "backups", { BACKUP_TARGET: undefined })).toMatchObject({
      status: "warn",
      says: expect.stringContaining("No daily backup"),
    });
    const failed =
      "insert into private.backups (place, file_name, is_scheduled, alive_until, ended_at, outcome, failure) values ('p', 'y', true, now(), now() + interval '1 second', 'failed', 'the disk is full')";
    expect(await broken(failed, "delete from private.backups where outcome = 'failed'", "backups")).toMatchObject({
      status: "fail",
      says: expect.stringContaining("the disk is full"),
    });
  });
});

describe("G1: Redis", () => {
  async function set(name: string, value: string) {
    const settings = new Redis(redis.url);
    await settings.config("SET", name, value);
    settings.disconnect();
  }
  test("that throws keys away", async () => {
    await set("maxmemory-policy", "allkeys-lru");
    expect(await found("redis eviction")).toMatchObject({ status: "fail", says: expect.stringContaining("allkeys-lru") });
    await set("maxmemory-policy", "noeviction");
    expect(await found("redis eviction")).toMatchObject({ status: "ok" });
  });
  test("that forgets with a restart", async () => {
    await set("appendonly", "no");
    expect(await found("redis persistence")).toMatchObject({ status: "fail" });
    await set("appendonly", "yes");
  });
  test("that is away, or wants a password", async () => {
    expect(await found("redis", { REDIS_URL: `redis://127.0.0.1:${await freePort()}` })).toMatchObject({
      status: "fail",
      says: expect.stringContaining("does not answer"),
    });
    await set("requirepass", "hidden-word");
    const finding = await found("redis", { REDIS_URL: redis.url.replace("//", "//:wrong-word@") });
    expect(finding).toMatchObject({ status: "fail", todo: expect.stringContaining("password") });
    expect(JSON.stringify(finding)).not.toMatch(/hidden-word|wrong-word/);
    const settings = new Redis(redis.url.replace("//", "//:hidden-word@"));
    await settings.config("SET", "requirepass", "");
    settings.disconnect();
  });
});

describe("what is outside", () => {
  test("a portal that is away, ill, elsewhere, or another program", async () => {
    expect(await found("portal", { APP_URL: `http://127.0.0.1:${await freePort()}` })).toMatchObject({
      status: "fail",
      says: expect.stringContaining("Nothing answers"),
    });
    for (const [answer, says] of [
      [(_: unknown, response: { writeHead(status: number, headers?: object): { end(): void } }) => response.writeHead(503).end(), "503"],
      [
        (_: unknown, response: { writeHead(status: number, headers?: object): { end(): void } }) =>
          response.writeHead(301, { location: "https://www.example.com/" }).end(),
        "sends elsewhere",
      ],
      [
        (_: unknown, response: { writeHead(status: number, headers?: object): { end(): void } }) => response.writeHead(200).end(),
        "Something else",
      ],
    ] as const)
      expect(await found("portal", { APP_URL: await serve(answer as RequestListener) })).toMatchObject({
        status: "fail",
        says: expect.stringContaining(says),
      });
  });
  test("a model that refuses the key, is away, or is not used", async () => {
    expect(await found("model", { LLM_API_KEY: "sk-unknown-key" })).toMatchObject({
      status: "fail",
      says: expect.stringContaining("refuses the key"),
    });
    expect(JSON.stringify(await look({ LLM_API_KEY: "sk-unknown-key" }))).not.toContain("sk-unknown-key");
    expect(await found("model", { LLM_BASE_URL: `http://127.0.0.1:${await freePort()}` })).toMatchObject({ status: "fail" });
    expect(await found("model", { LLM_API_KEY: undefined })).toMatchObject({ status: "off" });
  });
  test("embeddings that are refused", async () => {
    const over = { EMBEDDINGS_MODEL: "m", EMBEDDINGS_API_KEY: "no", EMBEDDINGS_BASE_URL: good.LLM_BASE_URL };
    expect(await found("embeddings", over)).toMatchObject({ status: "fail" });
  });
  test("a mail server that is away or too busy, and none", async () => {
    expect(await found("mail", { SMTP_URL: `smtp://127.0.0.1:${await freePort()}` })).toMatchObject({ status: "fail" });
    expect(await found("mail", { SMTP_URL: await mailServer(false) })).toMatchObject({ status: "fail" });
    expect(await found("mail", { SMTP_URL: undefined })).toMatchObject({ status: "warn" });
  });
});

test("the program prints what to do, as text and as JSON, and ends with 1 when something fails", async () => {
  const run = async (args: string[], env: Record<string, string>) => {
    const child = spawn(process.execPath, ["--import", "tsx", new URL("./doctor.ts", import.meta.url).pathname, ...args], {
      env: { NODE_ENV: "test", PATH: process.env.PATH, ...env },
    });
    let said = "";
    child.stdout.on("data", (text) => (said += text));
    return { code: await new Promise((done) => child.on("exit", done)), said };
  };
  const well = await run(["--json"], good);
  expect([well.code, (JSON.parse(well.said) as { ok: boolean }).ok]).toEqual([0, true]);
  const ill = await run([], { ...good, LLM_API_KEY: "sk-unknown-key" });
  expect(ill.code).toBe(1);
  expect(ill.said).toMatch(/✗ model: .*refuses the key.*\n {4}→ Make a new key/);
  expect(ill.said).toMatch(/1 to mend/);
  for (const name of ["SUPABASE_SECRET_KEY", "ENCRYPTION_KEY", "BACKUP_KEY"]) expect(well.said + ill.said).not.toContain(good[name]);
}, 60_000);
