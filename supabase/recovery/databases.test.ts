// Backups, restores and migrations on each kind of Postgres there is: the embedded one, and a server's where one is installed.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderStore } from "@gpt-agent/core/backup/backup-store";
import { dumpDatabase } from "@gpt-agent/core/backup/dump-database";
import { backupBytes } from "@gpt-agent/core/backup/make-backup";
import { openPostgres, type SqlDatabase } from "@gpt-agent/core/backup/sql-session";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRoles } from "../embedded/database.ts";
import { openEngine } from "../embedded/pglite-database.ts";
import { emptyDatabase } from "../embedded/test-backend.ts";
import { migrate } from "../migrate.ts";
import { restoreBackup } from "./restore-backup.ts";
import { postgresPrograms, startPostgres } from "./test-postgres.ts";

type Opened = SqlDatabase & { close(): Promise<void> };
type Place = { database(name: string): Promise<Opened>; again(name: string): Promise<Opened>; close(): Promise<void> };

/** What Supabase brings with it, in small. */
const SUPABASE = `
  create schema auth; create schema storage; create schema extensions;
  create table auth.users (id uuid primary key, email text, encrypted_password text, raw_user_meta_data jsonb, confirmed_at timestamptz generated always as (null::timestamptz) stored);
  create table auth.refresh_tokens (id bigserial primary key, token text);
  create table storage.buckets (id text primary key, name text);
  create table storage.objects (id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets (id), name text, owner uuid, metadata jsonb, created_at timestamptz default now());`;
const MIGRATIONS = {
  "20260101000100_base.sql": `create schema private; create type public.size as enum ('small', 'large');
    create table public.organizations (id uuid primary key, name text not null);
    create table public.odd (id bigint generated always as identity primary key, org_id uuid not null references public.organizations (id), size public.size, tags text[], doc jsonb,
      plain json, price numeric(30, 10), ratio double precision, at timestamptz, span interval, bits bytea, lower_name text generated always as (lower(doc ->> 'name')) stored);
    create function private.no_change() returns trigger language plpgsql as $$ begin raise exception 'never changes'; end $$;
    create trigger no_change before insert or update on public.odd for each row when (new.price < 0) execute function private.no_change();`,
  "20260101000200_parent.sql":
    "create table public.tree (id int primary key, parent int references public.tree (id)); insert into public.tree values (0, null);",
  "20260101000300_late.sql": "alter table public.organizations add column late boolean not null default true;",
};
/** Rows whose values are easily bent on the way; a negative price is from before there was a trigger, and a child comes before its parent. */
const ROWS = `
  insert into auth.users (id, email, encrypted_password, raw_user_meta_data) values ('00000000-0000-4000-8000-000000000001', 'a@example.com', '$2b$10$hash', '{"a": null}');
  insert into auth.refresh_tokens (token) values ('x'), ('y'), ('z');
  insert into storage.buckets values ('knowledge', 'knowledge');
  insert into storage.objects (bucket_id, name, metadata) values ('knowledge', 'o/1', '{"mimetype": "text/plain"}');
  insert into public.organizations values ('00000000-0000-4000-8000-00000000000a', 'Ёж «и» ко \\ "x"');
  set session_replication_role = replica;
  insert into public.odd (org_id, size, tags, doc, plain, price, ratio, at, span, bits) values
    ('00000000-0000-4000-8000-00000000000a', 'large', array['a,b', null, '{}', ''], '{"name": "ÅB", "n": 12345678901234567890.123, "t": "tab\\t"}', '{"b":1,  "a":2}', -1.0000000001, 0.1::float8 + 0.2, '2026-11-26 01:02:03.456789+05', '1 mon 2 days 03:04:05.6', '\\x00ff10'),
    ('00000000-0000-4000-8000-00000000000a', null, null, 'null', null, 99999999999999999999.9999999999, 'NaN', 'infinity', null, null);
  insert into public.tree values (1, 2), (2, null);
  set session_replication_role = origin;`;
const ALL = `select (select json_agg(t order by t.id)::text from public.odd t) as odd, (select json_agg(t order by t.id)::text from public.tree t) as tree,
  (select json_agg(o order by o.id)::text from public.organizations o) as organizations, (select json_agg(u)::text from auth.users u) as users,
  (select json_agg(o)::text from storage.objects o) as objects, (select (doc is null)::text from public.odd where id = 2) as is_null`;

const embedded = async (): Promise<Place> => {
  const open = new Map<string, Opened>();
  return {
    async database(name) {
      const opened = await openEngine(undefined, { loadDataDir: await emptyDatabase() });
      await createRoles(opened);
      open.set(name, opened);
      return opened;
    },
    again: async (name) => open.get(name)!,
    close: async () => {
      for (const one of open.values()) await one.close();
    },
  };
};
const server = async (): Promise<Place> => {
  const running = await startPostgres(postgresPrograms()!);
  const open: Opened[] = [];
  const connect = async (name: string) => {
    const one = await openPostgres(running.url(name));
    open.push(one);
    return one;
  };
  return {
    async database(name) {
      const admin = await connect("postgres");
      await admin.exec(`create database ${name}`);
      const one = await connect(name);
      await one.exec(
        "do $$ begin create role anon; create role authenticated; create role service_role; exception when duplicate_object then null; end $$",
      );
      return one;
    },
    again: connect,
    async close() {
      for (const one of open) await one.close();
      await running.stop();
    },
  };
};

const kinds: [string, () => Promise<Place>][] = [["embedded", embedded]];
if (postgresPrograms()) kinds.push(["a server's", server]);

describe.each(kinds)("%s Postgres", (_kind, start) => {
  let place: Place;
  let folder: string;
  let source: Opened;
  const key = randomBytes(32);
  const migrationsOf = async (upTo: number) => {
    const path = await mkdtemp(join(folder, "migrations-"));
    for (const [name, sql] of Object.entries(MIGRATIONS).slice(0, upTo)) await writeFile(join(path, name), sql);
    return path;
  };
  const state = async (db: SqlDatabase) => (await db.query<Record<string, string>>(ALL)).rows[0]!;
  const puts: string[] = [];
  const restore = (db: SqlDatabase, migrationsFolder: string, replace = false) =>
    restoreBackup({
      file: () => new FolderStore(folder).get("x.gapbackup"),
      keys: [key],
      db,
      migrationsFolder,
      replace,
      putObject: async ({ name }, bytes) => void puts.push(`${name}:${bytes}`),
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gpt-agent-databases-"));
    place = await start();
    source = await place.database("source");
    await source.exec(SUPABASE);
  }, 60_000);
  afterAll(async () => {
    await place?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("two processes that migrate at once apply each migration once", async () => {
    const migrations = await migrationsOf(2);
    const other = await place.again("source");
    const applied = await Promise.all([migrate(source, migrations), migrate(other, migrations)]);
    expect(applied.flat().sort()).toEqual(["20260101000100", "20260101000200"]);
    expect((await source.query("select version, name from supabase_migrations.schema_migrations order by 1")).rows).toEqual([
      { version: "20260101000100", name: "base" },
      { version: "20260101000200", name: "parent" },
    ]);
  });

  test("a backup has what one moment had, whatever is written meanwhile", async () => {
    await source.exec(ROWS);
    const writer = await place.again("source");
    const isServer = writer !== source;
    async function* dump() {
      for await (const record of dumpDatabase(source)) {
        // The embedded one has a single session; there the copy that is dumped is nobody else's.
        if (record.kind === "head" && isServer) await writer.exec("insert into public.tree values (77, null)");
        yield record;
      }
    }
    const objects = async () =>
      (async function* () {
        yield Buffer.from("bytes");
      })();
    await new FolderStore(folder).put(
      "x.gapbackup",
      backupBytes(dump(), { objects, key, encryptionKeys: {}, createdAt: new Date() }, () => {}),
    );
    if (isServer) await writer.exec("delete from public.tree where id = 77");
  });

  test("restored elsewhere every value is what it was, at once on a newer schema, and counters go on", async () => {
    const target = await place.database("target");
    await target.exec(SUPABASE);
    const { migrated, leftOut } = await restore(target, await migrationsOf(3));
    expect([migrated, leftOut]).toEqual([["20260101000300"], []]);
    const [before, after] = [await state(source), await state(target)];
    expect({ ...after, organizations: "" }).toEqual({ ...before, organizations: "" });
    expect(after.organizations).toContain('"late":true');
    expect(before.is_null).toBe("false");
    expect(puts.splice(0)).toEqual(["o/1:bytes"]);
    await target.exec(
      "insert into public.odd (org_id, price) values ('00000000-0000-4000-8000-00000000000a', 1); insert into auth.refresh_tokens (token) values ('next')",
    );
    expect(
      (await target.query("select (select max(id) from public.odd)::int as odd, (select max(id) from auth.refresh_tokens)::int as tokens"))
        .rows,
    ).toEqual([{ odd: 3, tokens: 4 }]);
    await expect(target.exec("insert into public.odd (org_id, price) values ('00000000-0000-4000-8000-00000000000a', -1)")).rejects.toThrow(
      /never changes/,
    );
  });

  test("objects alone are put again, those that still have a row", async () => {
    const target = await place.again("target");
    const again = async () => {
      const options = {
        file: () => new FolderStore(folder).get("x.gapbackup"),
        keys: [key],
        db: target,
        migrationsFolder: await migrationsOf(3),
        objectsOnly: true,
      };
      await restoreBackup({ ...options, putObject: async ({ name }, bytes) => void puts.push(`${name}:${bytes}`) });
      return puts.splice(0);
    };
    const before = await state(target);
    expect(await again()).toEqual(["o/1:bytes"]);
    await target.exec("update storage.objects set name = 'o/2'");
    expect(await again()).toEqual([]);
    await target.exec("update storage.objects set name = 'o/1'");
    expect(await state(target)).toEqual(before);
  });

  test("a newer schema with somebody's data goes back to the backup's only when asked, and all of it or nothing", async () => {
    const target = await place.again("target");
    const newer = await migrationsOf(3);
    await expect(restore(target, newer)).rejects.toMatchObject({ code: "not_empty" });
    await target.exec(
      "update public.organizations set name = 'changed since'; alter table auth.users add constraint nobody check (email = '')  not valid",
    );
    const before = await state(target);
    await expect(restore(target, newer, true)).rejects.toThrow(/nobody/);
    expect(await state(target)).toEqual(before);
    await target.exec("alter table auth.users drop constraint nobody");
    expect((await restore(target, newer, true)).migrated).toEqual(["20260101000300"]);
    expect((await state(target)).odd).toEqual((await state(source)).odd);
  });

  test("a place without Supabase's own schemas says so", async () => {
    await expect(restore(await place.database("bare"), await migrationsOf(3))).rejects.toMatchObject({ code: "unconfigured" });
  });
});
