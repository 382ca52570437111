import { serviceDb } from "@gpt-agent/core/db";
import { createLog } from "@gpt-agent/core/log";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { postgresPrograms, startPostgres } from "../recovery/test-postgres.ts";
import { type BackendDatabase, DatabaseAway } from "./database.ts";
import { openServer } from "./postgres-database.ts";
import { PostgresSessions } from "./postgres-sessions.ts";
import { withSession } from "./sessions.ts";
import { PLACES, type TestBackend, type TestPlace } from "./test-backend.ts";

const log = { ...createLog("error"), warn() {}, info() {} };

test("a server that is out of reach is said to be", async () => {
  await expect(openServer("postgres://nobody@127.0.0.1:1/none", { connections: 2, log })).rejects.toBeInstanceOf(DatabaseAway);
});

const server = PLACES.filter(([kind]) => kind !== "PGlite");
const programs = postgresPrograms();

describe.each(programs ? [programs] : [])("sessions with a server", (installed) => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let sessions: PostgresSessions;
  beforeAll(async () => {
    postgres = await startPostgres(installed);
    sessions = new PostgresSessions(postgres.url("postgres"), 1);
    await sessions.learnArrays();
  }, 60_000);
  afterAll(async () => {
    await sessions?.close();
    await postgres?.stop();
  });
  const who = () =>
    withSession(sessions, (client) =>
      sessions.query<{ pid: number; role: string }>(client, "select pg_backend_pid() as pid, current_user::text as role"),
    );

  test("A10: one that is given back inside of a transaction is closed, and its role goes with it", async () => {
    const client = await sessions.take();
    await sessions.exec(client, "begin; create role somebody; set local role somebody");
    const inside = (
      await sessions.query<{ pid: number; role: string }>(client, "select pg_backend_pid() as pid, current_user::text as role")
    ).rows[0];
    expect(inside?.role).toBe("somebody");
    await sessions.giveBack(client);
    const after = (await who()).rows[0];
    expect(after?.role).toBe("postgres");
    expect(after?.pid).not.toBe(inside?.pid);
  });

  test("A10: one that broke inside of a transaction answers nothing any more, and nothing goes on in another", async () => {
    const client = await sessions.take();
    await sessions.exec(client, "begin");
    await expect(sessions.query(client, "select pg_terminate_backend(pg_backend_pid())")).rejects.toThrow();
    await expect(sessions.query(client, "select current_user")).rejects.toBeInstanceOf(DatabaseAway);
    await sessions.giveBack(client);
    expect((await who()).rows[0]?.role).toBe("postgres");
  });

  test("an array is JSON where the server takes JSON, and an array elsewhere", async () => {
    const given = [["a", "b,c"], ["a", "b,c"], [{ n: 1 }]];
    const { rows } = await withSession(sessions, (client) =>
      sessions.query(client, "select $1::jsonb as doc, $2::text[] as list, $3::json as docs", given),
    );
    expect(rows).toEqual([{ doc: ["a", "b,c"], list: ["a", "b,c"], docs: [{ n: 1 }] }]);
  });
});

describe.each(server)("a backend on %s", (_kind, open) => {
  let place: TestPlace;
  let backend: TestBackend<BackendDatabase>;
  beforeAll(async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    place = await open();
    backend = await place.start({ connections: 3 });
  }, 60_000);
  afterAll(async () => {
    vi.restoreAllMocks();
    await backend?.close();
    await place?.close();
  });
  const service = () => serviceDb({ url: backend.url, publishableKey: backend.publishableKey, secretKey: backend.secretKey });

  test("a backup is not told by it but read from the server", async () => {
    const dump = (apikey: string) => fetch(`${backend.url}/backup/v1/dump`, { method: "POST", headers: { apikey } });
    expect((await dump(backend.secretKey)).status).toBe(501);
    expect((await dump(backend.publishableKey)).status).toBe(404);
  });

  test("two that start on one database at once both stand, with each migration once", async () => {
    const where = await place.empty("shared");
    const both = await Promise.all([place.on(where), place.on(where)]);
    try {
      const { rows } = await both[0].db.query<{ n: number }>("select count(*)::integer as n from supabase_migrations.schema_migrations");
      const alone = await backend.db.query<{ n: number }>("select count(*)::integer as n from supabase_migrations.schema_migrations");
      expect(rows).toEqual(alone.rows);
      for (const one of both)
        expect(
          (
            await serviceDb(one)
              .from("organizations")
              .insert({ slug: `of-${one.url.split(":").at(-1)}`, name: "x" })
          ).error,
        ).toBeNull();
      expect((await serviceDb(both[0]).from("organizations").select("slug")).data?.length).toBe(2);
    } finally {
      await Promise.all(both.map((one) => one.close()));
    }
  }, 60_000);

  test("when all sessions break under load, requests fail in words, and soon none does", async () => {
    const heard: string[] = [];
    const stop = await backend.db.listen("outbox", () => heard.push("heard"));
    const ask = async () => {
      const [read, call] = await Promise.all([
        service().from("organizations").select("slug").limit(1),
        service().rpc("visitor_run" as never, { org: crypto.randomUUID(), visitor: crypto.randomUUID(), conversation: "none" } as never),
      ]);
      return [read.status, call.status];
    };
    const seen: number[] = [];
    let over = false;
    const asking = Array.from({ length: 6 }, async () => {
      while (!over) seen.push(...(await ask()));
    });
    for (let n = 0; n < 3; n++) {
      await backend.db
        .query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
        .catch(() => {});
      await new Promise((next) => setTimeout(next, 50));
    }
    over = true;
    await Promise.all(asking);
    expect(seen.filter((status) => ![200, 204, 500, 503].includes(status))).toEqual([]);
    expect(await ask()).toEqual([200, 200]);
    // Whoever listens is told that something may have been missed, and hears again.
    await vi.waitFor(async () => {
      const before = heard.length;
      await backend.db.exec("insert into public.outbox (name) values ('platform.sweep')");
      await new Promise((next) => setTimeout(next, 50));
      expect(heard.length).toBeGreaterThan(before);
    }, 15_000);
    await stop();
  }, 60_000);
});
