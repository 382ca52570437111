// Each check is broken for real, on a Postgres server of its own, and must notice.
import { readdirSync, readFileSync } from "node:fs";
import { openPostgres, type SqlDatabase } from "@gpt-agent/core/backup/sql-session";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../../e2e/fakes/free-port.ts";
import { PLACES, startTestBackend, type TestBackend, type TestPlace } from "../../supabase/embedded/test-backend.ts";
import { postgresPrograms, startPostgres } from "../../supabase/recovery/test-postgres.ts";
import { askServer, checkExtensions, checkFit, checkServer, EXTENSIONS } from "./check-server.ts";
import { examine } from "./examine.ts";

const MIGRATIONS = new URL("../../supabase/migrations/", import.meta.url);

test("the doctor looks for the extensions that the migrations ask for", () => {
  const asked = readdirSync(MIGRATIONS).flatMap((file) =>
    [...readFileSync(new URL(file, MIGRATIONS), "utf8").matchAll(/^create extension if not exists "?([\w-]+)"?/gm)].map(([, name]) => name),
  );
  expect([...new Set(asked)].sort()).toEqual([...EXTENSIONS].sort());
});

describe("on PGlite, which has the real pgvector", () => {
  let backend: TestBackend;
  beforeAll(async () => {
    backend = await startTestBackend();
  });
  afterAll(() => backend?.close());

  test("the same questions are answered, and it fits", async () => {
    const facts = await askServer(backend.db);
    expect(checkFit(facts, true)).toMatchObject({ status: "ok" });
    expect(checkExtensions(facts)).toMatchObject({ status: "ok", says: expect.stringMatching(/pgvector as 0\.\d+\.\d+/) });
  });

  test("what is too old, lacks an extension, has one that is behind, or is a Supabase's", async () => {
    const facts = await askServer(backend.db);
    const { vector, ...others } = facts.extensions;
    expect(checkFit({ ...facts, version: "14.9", version_num: 140_009 }, true)).toMatchObject({
      status: "fail",
      says: expect.stringContaining("14.9"),
    });
    expect(checkFit({ ...facts, is_supabase: true }, true)).toMatchObject({ status: "fail" });
    expect(checkFit({ ...facts, is_supabase: true }, false)).toMatchObject({ status: "ok" });
    expect(checkExtensions({ ...facts, extensions: others })).toMatchObject({ status: "fail", says: expect.stringContaining("vector") });
    expect(
      checkExtensions({ ...facts, extensions: { ...others, vector: { offered: vector!.offered, installed: "0.4.1" } } }),
    ).toMatchObject({
      status: "warn",
      todo: 'alter extension "vector" update;',
    });
  });
});

test("without an address of a server there is nothing to look at", async () => {
  expect((await checkServer({}, Date.now)).findings).toMatchObject([{ check: "database server", status: "off" }]);
});

const programs = postgresPrograms();
describe.runIf(programs)("on a Postgres server", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let place: TestPlace;
  let backend: TestBackend<unknown>;
  let admin: SqlDatabase & { close(): Promise<void> };
  let address: string;

  const look = async (over: Record<string, string> = {}, clock = Date.now) =>
    (await checkServer({ BACKEND_DATABASE_URL: address, ...over }, clock)).findings;
  const found = async (check: string, over?: Record<string, string>) => (await look(over)).find((finding) => finding.check === check);
  /** Breaks something, looks, and mends it. */
  async function broken(change: string, repair: string, check: string, over: Record<string, string> = {}) {
    await admin.exec(change);
    try {
      return await found(check, over);
    } finally {
      await admin.exec(repair);
    }
  }
  /** The same address for somebody else, or of something else. */
  const changed = (change: (url: URL) => void) => {
    const url = new URL(address);
    change(url);
    return { BACKEND_DATABASE_URL: url.href };
  };

  beforeAll(async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    server = await startPostgres(programs!, ["shared_buffers=16MB", "max_connections=40"]);
    admin = await openPostgres(server.url("postgres"));
    await admin.exec("create database doctor");
    await admin.exec("create role plain login; create role other login; grant connect on database doctor to plain, other");
    address = server.url("doctor");
  }, 60_000);
  afterAll(async () => {
    await backend?.close();
    await place?.close();
    await admin?.close();
    await server?.stop();
    vi.restoreAllMocks();
  });

  describe("before the first start", () => {
    test("an empty database: the roles will be made by a superuser, and not by somebody else", async () => {
      expect(await found("database roles")).toMatchObject({
        status: "ok",
        says: expect.stringContaining("makes anon, authenticated, service_role"),
      });
      const plain = changed((url) => {
        url.username = "plain";
      });
      expect(await found("database roles", plain)).toMatchObject({
        status: "fail",
        todo: expect.stringMatching(
          /create role service_role nologin noinherit bypassrls; grant anon, authenticated, service_role to plain;/,
        ),
      });
    });

    test("the platform is not running: what there is to say of the server is said all the same", async () => {
      const findings = await examine({ BACKEND_DATABASE_URL: address });
      expect(findings.filter(({ says }) => /SUPABASE_URL is/.test(says))).toEqual([]);
      for (const [check, status] of [
        ["database", "fail"],
        ["database server", "ok"],
        ["clock", "ok"],
        ["migrations", "off"],
        ["durability", "ok"],
      ])
        expect(findings.find((finding) => finding.check === check)).toMatchObject({ status });
    });
  });

  describe("under a backend", () => {
    beforeAll(async () => {
      place = await PLACES[0]![1]();
      backend = await place.on({ databaseUrl: address });
    }, 60_000);

    test("a server that is well, but for a stand-in for pgvector where it has no other", async () => {
      const doctor = await openPostgres(address);
      const { rows } = await doctor.query<{ version: string }>("select extversion as version from pg_extension where extname = 'vector'");
      await doctor.close();
      const isReal = rows[0]!.version !== "0";
      const findings = await look();
      expect(findings.map(({ check, status }) => [check, status])).toEqual([
        ["database server", "ok"],
        ["extensions", isReal ? "ok" : "fail"],
        ["database roles", "ok"],
        ["durability", "ok"],
        ["connections", "ok"],
      ]);
      expect(findings[1]!.says).toContain(isReal ? rows[0]!.version : "is not pgvector");
    });

    test("the platform tells of clock and migrations itself while it runs, and the server when it does not", async () => {
      const { SUPABASE_URL: _, ...env } = {
        SUPABASE_URL: "",
        BACKEND_DATABASE_URL: address,
        SUPABASE_PUBLISHABLE_KEY: backend.publishableKey,
        SUPABASE_SECRET_KEY: backend.secretKey,
      };
      for (const url of [backend.url, `http://127.0.0.1:${await freePort()}`]) {
        const findings = await examine({ ...env, SUPABASE_URL: url });
        for (const check of ["clock", "migrations"])
          expect(findings.filter((finding) => finding.check === check)).toMatchObject([{ status: "ok" }]);
      }
      const late = await checkServer({ BACKEND_DATABASE_URL: address }, () => Date.now() + 60_000);
      expect(late.instead.find(({ check }) => check === "clock")).toMatchObject({ status: "fail", says: expect.stringMatching(/(59|60)/) });
    });

    test("A3: roles that may sign in, that are past Row Level Security, or that the user may not take", async () => {
      expect(await broken("alter role anon login", "alter role anon nologin", "database roles")).toMatchObject({
        status: "fail",
        todo: "alter role anon nologin;",
      });
      expect(await broken("alter role authenticated bypassrls", "alter role authenticated nobypassrls", "database roles")).toMatchObject({
        status: "fail",
        todo: expect.stringContaining("alter role authenticated nobypassrls;"),
      });
      expect(await broken("alter role service_role nobypassrls", "alter role service_role bypassrls", "database roles")).toMatchObject({
        status: "fail",
        says: expect.stringContaining("service_role is under Row Level Security"),
      });
      await admin.exec("grant anon, authenticated to plain");
      const plain = changed((url) => {
        url.username = "plain";
      });
      expect(await found("database roles", plain)).toMatchObject({ status: "fail", says: "plain may not act as service_role." });
    });

    test("H7: a server that tells of writes before they are on the disk", async () => {
      expect(
        await broken("alter database doctor set synchronous_commit = off", "alter database doctor reset synchronous_commit", "durability"),
      ).toMatchObject({
        status: "fail",
        says: expect.stringContaining("synchronous_commit is off"),
        todo: expect.stringContaining("alter system set synchronous_commit = on;"),
      });
      await admin.exec("alter system set fsync = off");
      await admin.exec("alter system set full_page_writes = off");
      await admin.exec("select pg_reload_conf()");
      await vi.waitFor(async () =>
        expect(await found("durability")).toMatchObject({
          status: "fail",
          says: expect.stringMatching(/fsync is off: .*full_page_writes is off: /),
        }),
      );
      await admin.exec("alter system reset all");
      await admin.exec("select pg_reload_conf()");
      await vi.waitFor(async () => expect(await found("durability")).toMatchObject({ status: "ok" }));
    });

    test("fewer connections than the backends take, by the server, the database and the user", async () => {
      // 40, of which 3 are for superusers.
      expect(await found("connections", { BACKEND_DATABASE_CONNECTIONS: "31" })).toMatchObject({ status: "ok" });
      expect(await found("connections", { BACKEND_DATABASE_CONNECTIONS: "32" })).toMatchObject({
        status: "fail",
        says: expect.stringMatching(/has 37 connections for one backend.* 38 at most/),
        todo: expect.stringContaining("BACKEND_DATABASE_CONNECTIONS to 31 or less"),
      });
      expect(
        await broken("alter database doctor connection limit 12", "alter database doctor connection limit -1", "connections"),
      ).toMatchObject({ status: "fail", says: expect.stringContaining("has 12 connections") });
      expect(
        await broken("alter role postgres connection limit 9", "alter role postgres connection limit -1", "connections"),
      ).toMatchObject({
        status: "fail",
        says: expect.stringContaining("has 9 connections"),
      });
    });

    test("a server whose connections are taken", async () => {
      const taken: { close(): Promise<void> }[] = [];
      try {
        for (let n = 0; n < 34 && (await found("connections"))?.status === "ok"; n++)
          taken.push(await openPostgres(server.url("postgres")));
        expect(await found("connections")).toMatchObject({ status: "warn", says: expect.stringMatching(/^\d of the server's 37/) });
        // None is left for anybody but a superuser.
        while (taken.length < 60) {
          const more = await openPostgres(server.url("postgres").replace("postgres@", "plain@")).catch(() => null);
          if (!more) break;
          taken.push(more);
        }
        const plain = changed((url) => {
          url.username = "plain";
        });
        expect(await look(plain)).toMatchObject([
          { check: "connections", status: "fail", says: expect.stringContaining("no connection left") },
        ]);
      } finally {
        await Promise.all(taken.map((session) => session.close()));
      }
    });

    test("migrations that are missing, as the server itself tells", async () => {
      const ledger = "supabase_migrations.schema_migrations";
      const doctor = await openPostgres(address);
      try {
        await doctor.exec(`update ${ledger} set version = 'x' where version = '20261126008000'`);
        const { instead } = await checkServer({ BACKEND_DATABASE_URL: address }, Date.now);
        expect(instead.find(({ check }) => check === "migrations")).toMatchObject({
          status: "fail",
          says: expect.stringContaining("20261126008000"),
        });
        await doctor.exec(`update ${ledger} set version = '20261126008000' where version = 'x'`);
      } finally {
        await doctor.close();
      }
    });
  });

  test("one that is away, a database that is not there, and a password that is not taken; none of them is told", async () => {
    const away = changed((url) => {
      url.port = "1";
      url.password = "hidden-word";
    });
    const findings = await look(away);
    expect(findings).toMatchObject([{ check: "database server", status: "fail", says: expect.stringContaining("does not answer") }]);
    expect(JSON.stringify(findings)).not.toContain("hidden-word");
    const elsewhere = changed((url) => {
      url.pathname = "/nowhere";
    });
    expect(await look(elsewhere)).toMatchObject([{ status: "fail", todo: expect.stringContaining("createdb") }]);
    const stranger = changed((url) => {
      url.username = "stranger";
    });
    expect(await look(stranger)).toMatchObject([{ status: "fail", says: expect.stringContaining("refuses the user") }]);
  });

  test("the address that backups are read from is looked at where there is no other", async () => {
    const { findings } = await checkServer(
      {
        DATABASE_URL: changed((url) => {
          url.username = "stranger";
        }).BACKEND_DATABASE_URL,
      },
      Date.now,
    );
    expect(findings).toMatchObject([{ status: "fail", says: expect.stringContaining("refuses the user of DATABASE_URL") }]);
  });
});
