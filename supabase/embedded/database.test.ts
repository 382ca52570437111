import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "../migrate.ts";
import { createRoles, type OpenedDatabase } from "./database.ts";
import { openPglite } from "./pglite-database.ts";
import { emptyDatabase } from "./test-backend.ts";

const folders: string[] = [];
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gpt-agent-database-"));
  folders.push(folder);
  return folder;
}
let opened: OpenedDatabase;
let db: OpenedDatabase["db"];
beforeAll(async () => {
  opened = await openPglite(undefined, { loadDataDir: await emptyDatabase() });
  db = opened.db;
});
afterAll(async () => {
  await opened?.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

test("migrations are applied oldest first, once, and recorded as the Supabase CLI records them", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "20260101000200_second.sql"), "insert into public.steps values ('second');");
  await writeFile(
    join(folder, "20260101000100_first.sql"),
    "create table public.steps (name text); insert into public.steps values ('first');",
  );
  await writeFile(join(folder, "notes.sql"), "drop table public.steps;");
  await writeFile(join(folder, "2026_too_short.sql"), "drop table public.steps;");
  expect(await migrate(db, folder)).toEqual(["20260101000100", "20260101000200"]);
  expect(await migrate(db, folder)).toEqual([]);
  await writeFile(join(folder, "20260101000300_third.sql"), "insert into public.steps values ('third');");
  expect(await migrate(db, folder)).toEqual(["20260101000300"]);
  expect((await db.query("select name from public.steps")).rows).toEqual([{ name: "first" }, { name: "second" }, { name: "third" }]);
  expect((await db.query("select version, name from supabase_migrations.schema_migrations order by 1")).rows.at(-1)).toEqual({
    version: "20260101000300",
    name: "third",
  });
});

test("a migration that fails leaves nothing behind, is not recorded, and stops those after it", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "20260102000100_half.sql"), "create table public.half_done (id int); select no_such_function();");
  await writeFile(join(folder, "20260102000200_after.sql"), "create table public.after_it (id int);");
  await expect(migrate(db, folder)).rejects.toThrow(/no_such_function/);
  const { rows } = await db.query("select to_regclass('public.half_done') as half, to_regclass('public.after_it') as after");
  expect(rows).toEqual([{ half: null, after: null }]);
  await writeFile(join(folder, "20260102000100_half.sql"), "create table public.half_done (id int);");
  expect(await migrate(db, folder)).toEqual(["20260102000100", "20260102000200"]);
});

test("making the roles again, at the next start, opens nothing that a migration closed", async () => {
  await createRoles(db);
  await db.exec("alter default privileges in schema public revoke all on tables from anon, authenticated, service_role");
  await createRoles(db);
  await db.exec("create table public.later (id int)");
  expect((await db.query("select has_table_privilege('anon', 'public.later', 'select') as open")).rows).toEqual([{ open: false }]);
});

test("every migration is one topic under a name of the CLI's form, with a version of its own", async () => {
  const files = await readdir(fileURLToPath(new URL("../migrations", import.meta.url)));
  expect(files.filter((file) => !/^\d{14}_[a-z0-9_]+\.sql$/.test(file))).toEqual([]);
  expect(new Set(files.map((file) => file.slice(0, 14))).size).toBe(files.length);
});

test("two processes that start at once apply each migration once", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "20260103000100_a.sql"), "create table public.starts (name text); insert into public.starts values ('a');");
  await writeFile(join(folder, "20260103000200_b.sql"), "insert into public.starts values ('b');");
  const [one, other] = await Promise.all([migrate(db, folder), migrate(db, folder)]);
  expect([...one, ...other].sort()).toEqual(["20260103000100", "20260103000200"]);
  const { rows } = await db.query<{ name: string }>("select name from public.starts order by name");
  expect(rows.map(({ name }) => name)).toEqual(["a", "b"]);
});
