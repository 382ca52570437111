import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { openEngine } from "./pglite-database.ts";
import { startTestBackend, type TestBackend } from "./test-backend.ts";
import { tendTables } from "./upkeep.ts";

let backend: TestBackend;
afterEach(() => backend?.close());

type Stats = { dead: number; changed: number; read: number };
/** The counts of a table, the newest among them: Postgres itself is a second behind. */
const statsOf = async (table: string): Promise<Stats> => {
  await backend.db.query("select pg_stat_force_next_flush()");
  const { rows } = await backend.db.query<Record<keyof Stats, string>>(
    `select n_dead_tup as dead, n_mod_since_analyze as changed, seq_tup_read + coalesce(idx_tup_fetch, 0) as read
     from pg_stat_user_tables where relid = 'public.${table}'::regclass`,
  );
  return { dead: Number(rows[0]!.dead), changed: Number(rows[0]!.changed), read: Number(rows[0]!.read) };
};
const addOrganizations = (count: number) =>
  backend.db.exec(`insert into organizations (name, slug) select 'Acme', 'acme-' || n from generate_series(1, ${count}) n`);

test("no shared memory is set aside for helpers that PGlite has not", async () => {
  const engine = await openEngine();
  const shared = () => engine.Module.FS.readdir("/dev/shm").filter((name: string) => !name.startsWith("."));
  // Two indexes of more than half a megabyte each, and enough dead rows for them to be gone through.
  await engine.exec(`create table many (a integer, b integer); create index on many (a); create index on many (b);
    insert into many select n, n from generate_series(1, 60000) n`);
  await tendTables(engine);
  await engine.exec("update many set b = b + 1");
  await engine.query("select pg_stat_force_next_flush()");
  const before = shared();
  expect(await tendTables(engine)).toEqual(["public.many"]);
  expect(shared()).toEqual(before);
  await engine.exec("update many set b = b + 1");
  await engine.exec("vacuum many");
  expect(shared().length).toBeGreaterThan(before.length);
  await engine.close();
});

test("dead rows are given back and changed tables counted, and what needs neither is left alone", async () => {
  backend = await startTestBackend();
  await tendTables(backend.db);
  await addOrganizations(40);
  expect(await statsOf("organizations")).toMatchObject({ dead: 0, changed: 40 });
  expect(await tendTables(backend.db)).toEqual([]);
  await backend.db.exec("update organizations set name = 'Other'");
  expect(await statsOf("organizations")).toMatchObject({ dead: 40, changed: 80 });
  expect(await tendTables(backend.db)).toContain("public.organizations");
  // Counted, but with 40 dead rows not worth a vacuum.
  expect(await statsOf("organizations")).toMatchObject({ dead: 40, changed: 0 });
  await backend.db.exec("update organizations set name = 'Third'");
  expect(await statsOf("organizations")).toMatchObject({ dead: 80, changed: 40 });
  expect(await tendTables(backend.db)).toContain("public.organizations");
  expect(await statsOf("organizations")).toMatchObject({ dead: 0, changed: 40 });
});

test("a table that was never counted is, though nobody remembers how it was filled", async () => {
  backend = await startTestBackend();
  await addOrganizations(500);
  await backend.db.query("select pg_stat_force_next_flush()");
  await backend.db.query("select pg_stat_reset()");
  expect(await statsOf("organizations")).toMatchObject({ changed: 0 });
  expect(await tendTables(backend.db)).toContain("public.organizations");
  expect(await tendTables(backend.db)).not.toContain("public.organizations");
});

test("A10: what is in the middle of a transaction is not disturbed: the tables wait for its end", async () => {
  backend = await startTestBackend();
  await addOrganizations(500);
  await statsOf("organizations");
  let tending: Promise<string[]> | undefined;
  await backend.db.transaction(async (session) => {
    await session.query("select set_config('role', 'anon', true)");
    tending = tendTables(backend.db);
    await new Promise((next) => setTimeout(next, 50));
    expect((await session.query("select current_user as who")).rows).toEqual([{ who: "anon" }]);
  });
  expect(await tending).toContain("public.organizations");
});

test("a backend on PGlite tends its tables by itself", async () => {
  backend = await startTestBackend({ tendEveryMs: 50 });
  await addOrganizations(200);
  await expect.poll(async () => (await statsOf("organizations")).changed, { timeout: 10_000 }).toBe(0);
});

test("a turn does not read all turns before it, though its plans were made when there were none", async () => {
  backend = await startTestBackend();
  const call = async <T>(name: string, args: object): Promise<T> => {
    const headers = { apikey: backend.secretKey, "content-type": "application/json" };
    const response = await fetch(`${backend.url}/rest/v1/rpc/${name}`, { method: "POST", headers, body: JSON.stringify(args) });
    expect(response.ok, `${name}: ${response.status}`).toBe(true);
    return (await response.json()) as T;
  };
  const add = async (sql: string, ...values: unknown[]) =>
    (await backend.db.query<{ id: string }>(`${sql} returning id`, values)).rows[0]!.id;
  const org = await add("insert into organizations (name, slug) values ('Acme', 'acme')");
  const agent = await add("insert into agents (org_id, name, status) values ($1, 'Helper', 'live')", org);
  const visitors: string[] = [];
  for (let n = 0; n < 40; n++) visitors.push(await add("insert into visitors (org_id, agent_id) values ($1, $2)", org, agent));
  const turn = async (n: number) => {
    const { runId } = await call<{ runId: string }>("begin_turn", {
      org,
      agent,
      visitor: visitors[n % visitors.length],
      page_origin: null,
      conversation: randomUUID(),
      channel: "widget",
      message_id: randomUUID(),
      message_text: "How long is the warranty?",
    });
    const result = { status: "finished", outcome: "answered", responder: "quotes", text: "Ten years.", parts: [], title: "Warranty" };
    const none = { actions: [], passages: [], citations: [], attempts: [] };
    const used = { promptTokens: 0, completionTokens: 0, cachedTokens: 0, costMicros: 0 };
    expect(await call("finish_turn", { org, run: runId, result: { ...result, ...none, ...used } })).toBe(true);
  };
  const readBy = async (turns: number) => {
    const before = [await statsOf("runs"), await statsOf("conversations")];
    for (let n = 0; n < turns; n++) await turn(n);
    const after = [await statsOf("runs"), await statsOf("conversations")];
    return after.reduce((sum, { read }, at) => sum + read - before[at]!.read, 0) / turns;
  };
  await readBy(100);
  const untended = await readBy(10);
  await tendTables(backend.db);
  const tended = await readBy(10);
  // Of tables this small all rows are read at once rather than an index; but not all for each of another's.
  expect(tended).toBeLessThan(untended / 4);
}, 60_000);
