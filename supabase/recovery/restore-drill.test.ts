// The drill: a backup of one installation, restored into another, and the same answers from it.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FolderStore } from "@gpt-agent/core/backup/backup-store";
import { checkBackup, encryptionKeyPrints } from "@gpt-agent/core/backup/make-backup";
import { runBackup } from "@gpt-agent/core/backup/run-backup";
import { serviceDb, userDb } from "@gpt-agent/core/db";
import { createLog } from "@gpt-agent/core/log";
import { createSecretBox } from "@gpt-agent/core/secrets";
import { KNOWLEDGE_BUCKET, putObject } from "@gpt-agent/core/storage";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startTestBackend, type TestBackend } from "../embedded/test-backend.ts";
import { knownMigrations, migrate } from "../migrate.ts";
import { startTestWorld } from "../tests/test-world.ts";
import { objectPutter } from "./put-object.ts";
import { type Restore, restoreBackup, unopenable } from "./restore-backup.ts";

const migrationsFolder = fileURLToPath(new URL("../migrations", import.meta.url));
const ORG_A = "00000000-0000-7000-8000-00000000000a";
const PASSWORD = "correct horse battery";
const key = randomBytes(32);
const encryptionKeys = [{ id: "7", key: randomBytes(32) }];
const log = createLog("error");
const signal = new AbortController().signal;
const sum = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

let folder: string;
let store: FolderStore;
let world: TestBackend;
let target: TestBackend;
let file: { object: string; source: string; bytes: Buffer };
let before: Awaited<ReturnType<typeof answers>>;
let untouched: string;

async function signed(backend: TestBackend, path: "signup" | "token?grant_type=password") {
  const response = await fetch(`${backend.url}/auth/v1/${path}`, {
    method: "POST",
    headers: { apikey: backend.publishableKey, "content-type": "application/json" },
    body: JSON.stringify({ email: "anna@example.com", password: PASSWORD }),
  });
  return (await response.json()) as { access_token: string; user: { id: string } };
}

/** Every row of every table that is not about signing in just now, as text. */
async function everything(backend: TestBackend): Promise<Record<string, string>> {
  const { rows } = await backend.db.query<{ t: string; rows: string }>(
    `select n.nspname || '.' || c.relname as t, query_to_xml(format('select * from %I.%I t order by t::text', n.nspname, c.relname), true, true, '')::text as rows
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname in ('public', 'private', 'auth', 'storage')
       and n.nspname || '.' || c.relname not in ('private.backups', 'auth.sessions', 'auth.refresh_tokens', 'auth.audit_log_entries', 'storage.objects', 'private.workers')
     order by 1`,
  );
  return Object.fromEntries(rows.map(({ t, rows }) => [t, rows.replace(/<(last_sign_in_at|updated_at)>[^<]*<\/\1>/g, "")]));
}

/** What people and visitors get from an installation. */
async function answers(backend: TestBackend) {
  const agent = (await backend.db.query<{ id: string }>("select id from public.agents where org_id = $1", [ORG_A])).rows[0]!.id;
  const search = async (question: string) => {
    const { data, error } = await serviceDb(backend).rpc("search_chunks", { org: ORG_A, agent, question, max_results: 5 });
    if (error) throw error;
    return data;
  };
  const anna = userDb(backend, (await signed(backend, "token?grant_type=password")).access_token);
  const download = await anna.storage.from(KNOWLEDGE_BUCKET).download(file.object);
  return {
    search: [await search("How many days does delivery take?"), await search("Сколько дней идёт доставка?")],
    agents: (await anna.from("agents").select("id, name")).data,
    messages: (await anna.from("messages").select("id, author, body").order("id")).data,
    file: download.data && sum(Buffer.from(await download.data.arrayBuffer())),
    objects: (await backend.db.query("select id, bucket_id, name, owner, created_at::text as at from storage.objects order by name")).rows,
  };
}

const make = (backend: TestBackend, name?: string) =>
  runBackup({
    source: { db: serviceDb(backend), supabase: { url: backend.url, secretKey: backend.secretKey } },
    store,
    key,
    encryptionKeys,
    isScheduled: false,
    name,
    log,
    signal,
  });
const restore = (backend: TestBackend, name: string, options: Partial<Restore> = {}) =>
  restoreBackup({
    file: () => store.get(name),
    keys: [key],
    db: backend.db,
    migrationsFolder,
    putObject: objectPutter(serviceDb(backend)),
    ...options,
  });
const stateOf = async (backend: TestBackend) => JSON.stringify(await everything(backend));

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  folder = await mkdtemp(join(tmpdir(), "gpt-agent-drill-"));
  store = new FolderStore(folder);
  [world, target] = await Promise.all([startTestWorld(), startTestBackend()]);
  // A member who signs in with a password, a stored file of hers, a secret, and values that are easily bent on the way.
  const { user } = await signed(world, "signup");
  await world.db.query("insert into public.memberships (org_id, user_id, role) values ($1, $2, 'editor')", [ORG_A, user.id]);
  const { rows } = await world.db.query<{ id: string; agent_id: string }>("select id, agent_id from public.sources where org_id = $1", [
    ORG_A,
  ]);
  const bytes = randomBytes(700_000);
  const source = randomUUID();
  file = { object: `${ORG_A}/${rows[0]!.agent_id}/${source}`, source, bytes };
  await putObject(serviceDb(world), file.object, bytes, "application/pdf");
  const sealed = createSecretBox(encryptionKeys).seal("hush", { orgId: ORG_A, purpose: "x", rowId: "y" });
  await world.db.query("update public.agent_secrets set sealed = $1 where org_id = $2", [sealed, ORG_A]);
  const odd = { null: null, text: 'null "quoted" \\ \t\n ёж 🦔 {a,b}', number: 0.1, big: "12345678901234567890" };
  await world.db.query("update public.messages set parts = $1::jsonb, body = $2 where org_id = $3 and author = 'visitor'", [
    JSON.stringify([odd]),
    odd.text,
    ORG_A,
  ]);
  await make(world, "drill.gapbackup");
  before = await answers(world);
  untouched = await stateOf(target);
}, 120_000);
afterAll(async () => {
  vi.restoreAllMocks();
  await world?.close();
  await target?.close();
  await rm(folder, { recursive: true, force: true });
});

describe("before anything is changed", () => {
  test("a backup with another key is refused", async () => {
    await expect(restore(target, "drill.gapbackup", { keys: [randomBytes(32)] })).rejects.toMatchObject({ code: "wrong_key" });
    expect(await stateOf(target)).toBe(untouched);
  });

  test("a backup that is cut off or changed is refused", async () => {
    const whole = await readFile(join(folder, "drill.gapbackup"));
    const changed = Buffer.from(whole);
    changed[whole.length - 1000]! ^= 1;
    for (const [bytes, code] of [
      [whole.subarray(0, whole.length - 100), "truncated"],
      [changed, "damaged"],
      [Buffer.from("a picture"), "not_a_backup"],
    ] as const) {
      await writeFile(join(folder, "bad.gapbackup"), bytes);
      await expect(restore(target, "bad.gapbackup")).rejects.toMatchObject({ code });
    }
    expect(await stateOf(target)).toBe(untouched);
  });

  test("a database in which somebody lives is refused", async () => {
    await expect(restore(world, "drill.gapbackup")).rejects.toMatchObject({ code: "not_empty" });
  });

  test("a backup of a newer platform is refused", async () => {
    const older = join(folder, "older");
    await cp(migrationsFolder, older, { recursive: true });
    await rm(join(older, (await readdir(older)).sort().at(-1)!));
    await expect(restore(target, "drill.gapbackup", { migrationsFolder: older })).rejects.toMatchObject({ code: "newer" });
    expect(await stateOf(target)).toBe(untouched);
  });

  test("what fails while loading leaves everything as it was", async () => {
    await target.db.exec("alter table public.organizations add constraint never check (name <> 'Organization B')");
    await expect(restore(target, "drill.gapbackup")).rejects.toThrow(/never/);
    await target.db.exec("alter table public.organizations drop constraint never");
    expect(await stateOf(target)).toBe(untouched);
  });
});

describe("restored into an empty installation", () => {
  test("everything is as it was: rows, sign-ins, rights, files, answers", async () => {
    const { head, manifest, leftOut } = await restore(target, "drill.gapbackup");
    expect(head.migrations).toEqual(await knownMigrations(migrationsFolder));
    expect(leftOut).toEqual([]);
    // Two objects of the small world have a row and no bytes.
    expect(manifest.objects).toMatchObject({ count: 1, bytes: file.bytes.length, missing: 2 });
    const [there, here] = [await everything(world), await everything(target)];
    for (const table of Object.keys(there)) expect([table, here[table]]).toEqual([table, there[table]]);
    expect(Object.keys(there).length).toBeGreaterThan(50);
    const after = await answers(target);
    expect(after).toEqual(before);
    expect(after.search[0]?.length).toBeGreaterThan(0);
    expect(after.file).toBe(sum(file.bytes));
    expect(after.agents?.length).toBeGreaterThan(0);
  });

  test("triggers, keys to other tables and Row Level Security work on", async () => {
    await expect(target.db.query("insert into public.agents (org_id, name) values (gen_random_uuid(), 'x')")).rejects.toThrow(
      /foreign key/,
    );
    await expect(target.db.query("update public.agents set org_id = gen_random_uuid()")).rejects.toThrow(/never changes/);
    const { rows } = await target.db.query(
      "select 1 from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relrowsecurity",
    );
    expect(rows).toEqual([]);
  });

  test("it can be backed up again, and the manifest is the same", async () => {
    const again = await make(target);
    const { manifest } = await checkBackup(store.get("drill.gapbackup"), [key]);
    const sums = (tables: typeof manifest.tables) => Object.fromEntries(tables.map(({ name, rows }) => [name, rows]));
    // Signing in made sessions; the rest is the same to the row.
    const passing = ["sessions", "refresh_tokens", "audit_log_entries"];
    for (const { name, rows } of manifest.tables)
      if (!passing.includes(name)) expect([name, sums(again.manifest.tables)[name]]).toEqual([name, rows]);
  });

  test("sealed secrets whose key is another one here are counted", async () => {
    const { manifest } = await checkBackup(store.get("drill.gapbackup"), [key]);
    expect(manifest.sealedWith["7"]).toBe(1);
    expect(unopenable(manifest, encryptionKeyPrints(encryptionKeys))["7"]).toBeUndefined();
    expect(unopenable(manifest, encryptionKeyPrints([{ id: "7", key: randomBytes(32) }]))["7"]).toBe(1);
    expect(unopenable(manifest, {})["7"]).toBe(1);
    expect((await readFile(join(folder, "drill.gapbackup"))).includes(encryptionKeys[0]!.key)).toBe(false);
  });

  test("over an older installation's data, when asked, and brought up from an older version's schema", async () => {
    // The platform has gone on since the backup: one more migration, which this installation has already.
    const newer = join(folder, "newer");
    await cp(migrationsFolder, newer, { recursive: true });
    await writeFile(
      join(newer, "29990101000000_newer.sql"),
      "alter table public.organizations add column newer boolean not null default true;",
    );
    await migrate(target.db, newer);
    await target.db.exec("update public.organizations set name = 'changed since', newer = false");
    const { migrated } = await restore(target, "drill.gapbackup", { replace: true, migrationsFolder: newer });
    expect(migrated).toEqual(["29990101000000"]);
    expect((await target.db.query("select 1 from public.organizations where not newer")).rows).toEqual([]);
    await target.db.exec("alter table public.organizations drop column newer");
    expect((await everything(target))["public.organizations"]).toBe((await everything(world))["public.organizations"]);
    const { search, file: there } = await answers(target);
    expect({ search, file: there }).toEqual({ search: before.search, file: before.file });
    // The same as in the installation that the backup is of.
    expect(await make(target)).toMatchObject({ missing: 2 });
  }, 60_000);
});

describe("while it is made", () => {
  test("the embedded backend goes on answering, one dump at a time, and tells nobody but its owner", async () => {
    const call = (headers: Record<string, string>, method = "POST") => fetch(`${world.url}/backup/v1/dump`, { method, headers });
    for (const headers of [{}, { apikey: world.publishableKey }, { apikey: `${world.secretKey}x` }])
      expect((await call(headers as never)).status).toBe(404);
    expect((await call({ apikey: world.secretKey }, "GET")).status).toBe(404);
    const first = await call({ apikey: world.secretKey });
    expect((await call({ apikey: world.secretKey })).status).toBe(409);
    const { error } = await serviceDb(world).rpc("backup_status");
    expect(error).toBeNull();
    await first.body?.cancel();
  });

  test("what becomes of it is noted, and two at once are not made", async () => {
    const status = async () => (await serviceDb(world).rpc("backup_status")).data as Record<string, unknown>;
    expect(await status()).toMatchObject({ lastPlace: folder, isRunning: false, lastFailure: null });
    const begun = await serviceDb(world).rpc("begin_backup", { place: "elsewhere", file_name: "x", is_scheduled: false });
    expect(await status()).toMatchObject({ isRunning: true });
    await expect(make(world)).rejects.toMatchObject({ code: "busy" });
    // Its process died: nobody renews it.
    await world.db.query("update private.backups set alive_until = now() - interval '1 second' where id = $1", [begun.data]);
    expect((await serviceDb(world).rpc("renew_backup", { backup: begun.data! })).data).toBe(true);
    await world.db.query("update private.backups set alive_until = now() - interval '1 second' where id = $1", [begun.data]);
    const broken = runBackup({
      source: { db: serviceDb(world), supabase: { url: world.url, secretKey: "sb_secret_wrong" } },
      store,
      key,
      encryptionKeys,
      isScheduled: true,
      log,
      signal,
    });
    await expect(broken).rejects.toMatchObject({ code: "unconfigured" });
    expect(await status()).toMatchObject({ isRunning: false, lastFailure: expect.stringMatching(/DATABASE_URL/) });
    expect((await serviceDb(world).rpc("renew_backup", { backup: begun.data! })).data).toBe(false);
  });
});
