// `npm run bench:restore [-- --sizes 16,32,64,128 --database pglite]`: how fast a backup is made and restored, and whether that grows with the size
// alone. The embedded backend in this process, its data in PGlite on disk or on a Postgres server (`--database postgres`); a half of each size is
// chunks and messages, the other half stored files.
//
// Figures: MB/s of making and restoring at each size (of what it holds, not of the compressed file), the memory that making one takes beyond the
// database's own, the longest wait of a query meanwhile, and the time per MB of the largest against the smallest (aim: at most 1.3).
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FolderStore } from "@gpt-agent/core/backup/backup-store";
import { runBackup } from "@gpt-agent/core/backup/run-backup";
import { serviceDb } from "@gpt-agent/core/db";
import { createLog } from "@gpt-agent/core/log";
import { putObject } from "@gpt-agent/core/storage";
import { Client } from "pg";
import { type Backend, startBackend } from "../../supabase/embedded/backend.ts";
import { objectPutter } from "../../supabase/recovery/put-object.ts";
import { restoreBackup } from "../../supabase/recovery/restore-backup.ts";
import { startDatabase } from "./streams/database.ts";

const MB = 1024 * 1024;
const FILE_BYTES = 2 * MB;
const ROW_BYTES = 2 * 1024;
const { values } = parseArgs({
  options: { sizes: { type: "string", default: "16,32,64,128" }, database: { type: "string", default: "pglite" } },
});
const sizes = values.sizes.split(",").map(Number);
const supabase = (path: string) => fileURLToPath(new URL(`../../supabase/${path}`, import.meta.url));
const keys = { publishableKey: "sb_publishable_restore_bench_key", secretKey: "sb_secret_restore_bench_key" };
const key = randomBytes(32);

const server = await startDatabase(values.database);
/** Where a backend has its data: in its folder, or in a new database of the server. */
async function place(folder: string): Promise<{ folder?: string; databaseUrl?: string }> {
  if (!server) return { folder: join(folder, "database") };
  const name = `bench_${randomUUID().replaceAll("-", "")}`;
  const admin = new Client({ connectionString: server.env.BACKEND_DATABASE_URL });
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  return { databaseUrl: Object.assign(new URL(server.env.BACKEND_DATABASE_URL), { pathname: name }).href };
}
async function start(folder: string, migrationsFolder: string): Promise<Backend & { databaseUrl: string | undefined }> {
  const where = await place(folder);
  const backend = await startBackend({
    ...keys,
    ...where,
    storageFolder: join(folder, "storage"),
    migrationsFolder,
    templatesFolder: supabase("templates"),
    port: 0,
    jwtSecret: "x".repeat(32),
    siteUrl: "http://localhost",
    email: { async send() {} } as never,
  });
  return { ...backend, databaseUrl: where.databaseUrl };
}

/** Fills a database: rows of text that does not compress to nothing, as words do not either, and files of random bytes. */
async function fill(backend: Backend, megabytes: number) {
  const [org, agent, source, version, conversation] = Array.from({ length: 5 }, () => randomUUID());
  const rows = Math.round((megabytes * MB) / 2 / ROW_BYTES / 2);
  const text = "(select string_agg(md5(n::text || k::text), ' ') from generate_series(1, 60) k)";
  await backend.db.exec(`begin; set local session_replication_role = replica;
    insert into public.organizations (id, slug, name) values ('${org}', 'bench', 'Bench');
    insert into public.agents (id, org_id, public_id, name) values ('${agent}', '${org}', 'bench', 'Bench');
    insert into public.chunks (org_id, agent_id, source_id, source_version_id, position, char_start, char_end, body, content_hash, search)
      select '${org}', '${agent}', '${source}', '${version}', n, 0, 1, t.body, md5(t.body), '' from generate_series(1, ${rows}) n, lateral ${text} t (body);
    insert into public.messages (org_id, conversation_id, author, body)
      select '${org}', '${conversation}', 'visitor', t.body from generate_series(1, ${rows}) n, lateral ${text} t (body); commit`);
  const db = serviceDb({ url: backend.url, ...keys });
  for (let n = 0; n < (megabytes * MB) / 2 / FILE_BYTES; n++)
    await putObject(db, `${org}/${agent}/${randomUUID()}`, randomBytes(FILE_BYTES), "application/pdf");
}

const results = [];
for (const megabytes of sizes) {
  const folder = await mkdtemp(join(tmpdir(), "gpt-agent-restore-bench-"));
  const none = await mkdtemp(join(tmpdir(), "gpt-agent-restore-none-"));
  const source = await start(join(folder, "source"), supabase("migrations"));
  let target: Awaited<ReturnType<typeof start>> | undefined;
  let asking = true;
  try {
    await fill(source, megabytes);
    const store = new FolderStore(join(folder, "backups"));
    const held = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const before = held();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, held())), 20);
    // What somebody who asks the database meanwhile waits for at most: it is told by this very process, which also makes the backup.
    let longestWait = 0;
    const asker = (async () => {
      while (asking) {
        const asked = performance.now();
        await source.db.query("select 1");
        longestWait = Math.max(longestWait, performance.now() - asked);
        await new Promise((wake) => setTimeout(wake, 10));
      }
    })();
    const began = performance.now();
    const made = await runBackup({
      source: {
        db: serviceDb({ url: source.url, ...keys }),
        supabase: { url: source.url, secretKey: keys.secretKey },
        databaseUrl: source.databaseUrl,
      },
      store,
      key,
      encryptionKeys: [],
      isScheduled: false,
      name: "bench.gapbackup",
      log: createLog("error"),
      signal: new AbortController().signal,
    });
    const backupSeconds = (performance.now() - began) / 1000;
    clearInterval(watch);
    asking = false;
    await asker;
    target = await start(join(folder, "target"), none);
    const restoring = performance.now();
    await restoreBackup({
      file: () => store.get("bench.gapbackup"),
      keys: [key],
      db: target.db,
      migrationsFolder: supabase("migrations"),
      putObject: objectPutter(serviceDb({ url: target.url, ...keys })),
    });
    const restoreSeconds = (performance.now() - restoring) / 1000;
    const { rows } = await target.db.query<{ n: number }>(
      "select (select count(*) from public.chunks)::int + (select count(*) from public.messages)::int as n",
    );
    if (rows[0]?.n !== Math.round((megabytes * MB) / 2 / ROW_BYTES / 2) * 2) throw new Error("Rows are missing after the restore");
    results.push({
      MB: megabytes,
      fileMB: +(made.bytes / MB).toFixed(1),
      backupSeconds: +backupSeconds.toFixed(1),
      backupMBs: +(megabytes / backupSeconds).toFixed(1),
      restoreSeconds: +restoreSeconds.toFixed(1),
      restoreMBs: +(megabytes / restoreSeconds).toFixed(1),
      heldMB: Math.round((peak - before) / MB),
      longestWaitMs: Math.round(longestWait),
    });
    console.table(results.slice(-1));
  } finally {
    asking = false;
    await target?.close();
    await source.close();
    for (const one of [folder, none]) await rm(one, { recursive: true, force: true });
  }
}
await server?.stop();
console.table(results);
const first = results[0]!;
const last = results.at(-1)!;
/** What a megabyte more takes, so that what each start costs is left out. */
const slope = (last.restoreSeconds - first.restoreSeconds) / (last.MB - first.MB);
console.log(
  JSON.stringify({
    bench: "restore",
    database: values.database,
    results,
    perMBratio: +(last.restoreSeconds / last.MB / (first.restoreSeconds / first.MB)).toFixed(2),
    secondsForGB: Math.round(slope * 1024),
  }),
);
process.exit(0);
