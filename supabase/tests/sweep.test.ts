import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackendDatabase } from "../embedded/database.ts";
import { startTestBackend, type TestBackend } from "../embedded/test-backend.ts";
import { CALLABLE_BY_PEOPLE, CHECKS, SECURITY_DEFINERS } from "./sweep.ts";
import { undone } from "./test-world.ts";

let backend: TestBackend;
const offenders = async (sql: string, db: Pick<BackendDatabase, "query"> = backend.db) =>
  (await db.query<{ what: string }>(sql)).rows.map((row) => row.what);

beforeAll(async () => {
  backend = await startTestBackend();
});
afterAll(() => backend?.close());

describe("A1 A4 A5: nowhere in the database is there", () => {
  test.each(CHECKS)("$name", async ({ sql }) => {
    expect(await offenders(sql)).toEqual([]);
  });
});

describe("and the sweep would find", () => {
  test.each(CHECKS)("$name", async ({ sql, canary }) => {
    const before = await offenders(sql);
    const found = await undone(backend.db, async (db) => {
      await db.exec(canary);
      return offenders(sql, db);
    });
    expect(found.length).toBeGreaterThan(before.length);
  });
});

test("whatever is made later is born closed, also under the open-handed defaults of hosted Supabase", async () => {
  const open = await undone(backend.db, async (db) => {
    await db.exec(`
      create table public.newborn (id uuid primary key);
      create sequence public.newborn_seq;
      create function public.newborn_function() returns int language sql as 'select 1';
      create function private.newborn_function() returns int language sql as 'select 1';`);
    const { rows } = await db.query<{ what: string }>(`
      select r || ' ' || o.what as what from unnest(array['anon', 'authenticated', 'service_role']) r, lateral (values
        ('table', has_table_privilege(r, 'public.newborn', 'select, insert, update, delete, truncate, references, trigger')),
        ('sequence', has_sequence_privilege(r, 'public.newborn_seq', 'usage, select, update')),
        ('function', has_function_privilege(r, 'public.newborn_function()', 'execute')),
        ('private function', has_function_privilege(r, 'private.newborn_function()', 'execute'))) o (what, may)
      where o.may`);
    return rows.map((row) => row.what);
  });
  expect(open).toEqual([]);
});

test("the reviewed lists name only what exists", async () => {
  const functions = await offenders(
    "select n.nspname || '.' || p.proname as what from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'private') and p.prosecdef",
  );
  expect(Object.keys(SECURITY_DEFINERS).filter((name) => !functions.includes(name))).toEqual([]);
  const callable = await offenders(
    "select proname as what from pg_proc where pronamespace = 'public'::regnamespace and has_function_privilege('authenticated', oid, 'execute')",
  );
  expect(CALLABLE_BY_PEOPLE.filter((name) => !callable.includes(name))).toEqual([]);
});
