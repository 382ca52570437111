import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderStore } from "@gpt-agent/core/backup/backup-store";
import { checkBackup } from "@gpt-agent/core/backup/make-backup";
import { backupName, backupTime } from "@gpt-agent/core/backup/retention";
import type { BackupPlan } from "@gpt-agent/core/backup/run-backup";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startKnowledge, type TestKnowledge } from "../ingest/test-knowledge.ts";
import { PermanentFailure } from "../queue/job-queue.ts";
import { handleJob, type JobDeps } from "./index.ts";

let knowledge: TestKnowledge;
let folder: string;
const key = randomBytes(32);
beforeAll(async () => {
  knowledge = await startKnowledge();
  folder = await mkdtemp(join(tmpdir(), "gpt-agent-scheduled-"));
}, 60_000);
afterAll(async () => {
  await knowledge?.close();
  await rm(folder, { recursive: true, force: true });
});

const plan = (over: Partial<BackupPlan> = {}): BackupPlan => ({
  store: new FolderStore(folder),
  key,
  encryptionKeys: [{ id: "1", key: randomBytes(32) }],
  retention: { daily: 2, weekly: 0, monthly: 0 },
  source: { supabase: { url: knowledge.config.url, secretKey: knowledge.config.secretKey } },
  ...over,
});
const run = (backup: BackupPlan | null) => {
  const job = {
    id: randomUUID(),
    turn: 0,
    name: "platform.backup",
    payload: {},
    attempt: 1,
    lastAttempt: false,
    stalls: 0,
    signal: new AbortController().signal,
  };
  return handleJob(job, { db: knowledge.db, log: knowledge.log, backup } as unknown as JobDeps);
};
const backups = async () => (await readdir(folder)).filter((name) => backupTime(name)).sort();

test("the daily job makes a whole backup, notes it, and clears away what has had its time", async () => {
  await knowledge.add("handbook.txt", "Delivery takes three days.");
  const old = [1, 2, 3].map((days) => backupName(new Date(Date.now() - days * 86_400_000)));
  for (const name of [...old, "notes.txt"]) await writeFile(join(folder, name), "");
  await run(plan());
  const [kept, made] = await backups();
  expect([kept, await backups()]).toEqual([old[0], [old[0], made]]);
  expect(await readdir(folder)).toContain("notes.txt");
  const { manifest } = await checkBackup(new FolderStore(folder).get(made!), [key]);
  expect(manifest.objects).toMatchObject({ count: 1, bytes: 26 });
  const { data } = await knowledge.db.rpc("backup_status");
  expect(data).toMatchObject({ lastFile: made, lastFailure: null, isRunning: false });
});

test("without a place for backups it does nothing", async () => {
  const before = await backups();
  await run(null);
  expect(await backups()).toEqual(before);
});

test("what another try cannot mend is a dead letter that says what to set; what it may is tried again", async () => {
  const wrong = plan({ source: { supabase: { url: knowledge.config.url, secretKey: "sb_secret_of_another_one" } } });
  await expect(run(wrong)).rejects.toThrow(PermanentFailure);
  await expect(run(wrong)).rejects.toThrow(/DATABASE_URL/);
  const full = { place: "nowhere", put: () => Promise.reject(new Error("the disk is full")) } as unknown as BackupPlan["store"];
  await expect(run(plan({ store: full }))).rejects.toThrow("the disk is full");
  const { data } = await knowledge.db.rpc("backup_status");
  expect(data).toMatchObject({ lastFailure: "the disk is full", isRunning: false });
});
