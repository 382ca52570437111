import { setTimeout as wait } from "node:timers/promises";
import { serviceDb } from "@gpt-agent/core/db";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { clientOf } from "../tests/http-personas.ts";
import { settle } from "../tests/test-world.ts";
import { DatabaseAway } from "./database.ts";
import { openEngine } from "./pglite-database.ts";
import { PgliteSession } from "./pglite-session.ts";
import { databaseOn, withSession } from "./sessions.ts";
import { emptyDatabase, startTestBackend, type TestBackend } from "./test-backend.ts";

describe("the one session", () => {
  let session: PgliteSession;
  afterEach(() => session.close());
  const open = async (patienceMs?: number) => {
    session = new PgliteSession(await openEngine(undefined, { loadDataDir: await emptyDatabase() }), patienceMs);
    return databaseOn(session);
  };
  const roleOf = async (db: Awaited<ReturnType<typeof open>>) =>
    (await db.query<{ role: string }>("select current_user::text as role")).rows[0]?.role;

  test("A10: a transaction that waits for something slow is nobody else's: all others come after it, in their order", async () => {
    const db = await open();
    await db.exec("create role somebody");
    const order: string[] = [];
    const slow = db.transaction(async (own) => {
      await own.exec("set local role somebody");
      await wait(50);
      order.push((await own.query<{ role: string }>("select current_user::text as role")).rows[0]!.role);
    });
    const others = [1, 2, 3].map(async (n) => order.push(`${n} ${await roleOf(db)}`));
    await Promise.all([slow, ...others]);
    expect(order).toEqual(["somebody", "1 postgres", "2 postgres", "3 postgres"]);
  });

  test("A10: what a user leaves open is undone before the next one's turn", async () => {
    const db = await open();
    await db.exec("create role somebody; create table things (n integer)");
    await db.exec("begin; set local role somebody");
    expect(await roleOf(db)).toBe("postgres");
    await expect(db.exec("begin; insert into things values (1); select 1 / 0")).rejects.toThrow(/division/);
    expect((await db.query("select n from things")).rows).toEqual([]);
  });

  test("who waits for itself is refused and undone, and the others go on", async () => {
    const db = await open(100);
    await db.exec("create table things (n integer)");
    const stuck = db.transaction(async (own) => {
      await own.exec("insert into things values (1)");
      await db.query("select 1");
    });
    await expect(stuck).rejects.toBeInstanceOf(DatabaseAway);
    expect((await db.query("select n from things")).rows).toEqual([]);
  });

  test("once it is closed everybody is refused, those who wait as well", async () => {
    const db = await open();
    const order: string[] = [];
    const last = withSession(session, async () => {
      await wait(20);
      order.push("last");
    });
    const closed = session.close().then(() => order.push("closed"));
    const late = [roleOf(db), roleOf(db)];
    await expect(Promise.all(late)).rejects.toBeInstanceOf(DatabaseAway);
    await Promise.all([last, closed, ...late.map((one) => one.catch(() => {}))]);
    await expect(roleOf(db)).rejects.toBeInstanceOf(DatabaseAway);
    expect(order).toEqual(["last", "closed"]);
  });
});

describe("a backend on it", () => {
  let backend: TestBackend;
  beforeAll(() => void vi.spyOn(console, "error").mockImplementation(() => {}));
  afterEach(() => backend.close());

  test("A10: nobody is taken for somebody else while the database is slow between one statement and the next", async () => {
    backend = await startTestBackend();
    await settle(backend.db);
    // As when a disk is, or the process has much else to do.
    await backend.db.withEngine(async (engine) => {
      for (const method of ["query", "exec"] as const) {
        const real = engine[method].bind(engine) as (...given: unknown[]) => Promise<unknown>;
        Object.assign(engine, {
          [method]: async (...given: unknown[]) => {
            const result = await real(...given);
            await wait(Math.random() * 4);
            return result;
          },
        });
      }
    });
    const [a, b, out] = [await clientOf(backend, "owner"), await clientOf(backend, "owner of B"), await clientOf(backend, "removed")];
    const service = serviceDb(backend);
    const orgsOf = async (db: typeof a) => {
      const { data, error } = await db.from("agents").select("org_id");
      expect(error).toBeNull();
      return [...new Set(data?.map((row) => row.org_id))].sort();
    };
    const [ofA] = await orgsOf(a);
    const [ofB] = await orgsOf(b);
    const ask = async (n: number) => {
      expect(await orgsOf(a)).toEqual([ofA]);
      expect(await orgsOf(b)).toEqual([ofB]);
      expect(await orgsOf(out)).toEqual([]);
      expect(await orgsOf(service)).toEqual([ofA, ofB]);
      expect((await service.rpc("visitor_run", { org: ofA!, visitor: ofA!, conversation: "none" })).error).toBeNull();
      const email = `new-${n}@example.com`;
      expect((await a.auth.signUp({ email, password: "a long enough password" })).error).toBeNull();
      const own = await backend.db.query<{ who: string; claims: string }>(
        "select current_user::text as who, coalesce(current_setting('request.jwt.claims', true), '') as claims",
      );
      expect(own.rows).toEqual([{ who: "postgres", claims: "" }]);
    };
    await Promise.all(Array.from({ length: 6 }, (_, n) => ask(n)));
  }, 60_000);
});
