import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Db } from "@gpt-agent/core/db";
import { KNOWLEDGE_BUCKET } from "@gpt-agent/core/storage";
import { z } from "zod";
import { type Finding, fail, off, ok, warn, wordsOf } from "./finding.ts";

const status = z.object({
  lastMadeAt: z.string().nullable(),
  lastFailedAt: z.string().nullable(),
  lastFailure: z.string().nullable(),
  lastPlace: z.string().nullable(),
});
const facts = z.object({
  now: z.string(),
  server: z.string(),
  migrations: z.array(z.string()),
  tables: z.number(),
  tablesWithoutRls: z.array(z.string()),
  buckets: z.array(z.object({ id: z.string(), public: z.boolean().nullable() })),
  workersSeen: z.number(),
  sealedWith: z.record(z.string(), z.number()),
  backups: status,
});
export type Facts = z.infer<typeof facts>;

/** Both this file and its bundle (worker/dist) lie two folders below the root. */
const MIGRATIONS = fileURLToPath(new URL("../../supabase/migrations", import.meta.url));
const HOUR = 3_600_000;

/** Asks the database about itself; a finding instead where it cannot be asked. */
export async function askDatabase(db: Db, clock: () => number): Promise<{ facts: Facts; skewMs: number } | Finding> {
  const asked = clock();
  const { data, error } = await Promise.resolve(db.rpc("deployment_facts")).catch((error: unknown) => ({ data: null, error }));
  const heard = clock();
  if (error || !data) {
    const words = wordsOf(error);
    if (/could not find the function|PGRST202|does not exist/i.test(`${words} ${(error as { code?: string })?.code}`))
      return fail(
        "database",
        "The database answers, but its schema is older than this version.",
        "Apply the migrations: npm run db:migrate (or supabase db push).",
      );
    if (/jwt|api key|permission denied|unauthorized|invalid/i.test(words))
      return fail(
        "database",
        `The database refuses SUPABASE_SECRET_KEY: ${words}`,
        "Set the project's secret key (sb_secret_…), from Project settings → API keys.",
      );
    return fail(
      "database",
      `The database does not answer: ${words}`,
      "Is SUPABASE_URL right, and is it running? In embedded mode start the platform first: npm start.",
    );
  }
  const parsed = facts.parse(data);
  return { facts: parsed, skewMs: new Date(parsed.now).getTime() - (asked + heard) / 2 };
}

export function checkClock(skewMs: number): Finding {
  const seconds = Math.round(Math.abs(skewMs) / 100) / 10;
  if (seconds > 30)
    return fail(
      "clock",
      `This machine's clock and the database's are ${seconds} s apart.`,
      "Switch time synchronization on (timedatectl set-ntp true): tokens and signatures of webhooks fail otherwise.",
    );
  if (seconds > 3)
    return warn(
      "clock",
      `This machine's clock and the database's are ${seconds} s apart.`,
      "Switch time synchronization on (timedatectl set-ntp true).",
    );
  return ok("clock", "The clocks agree.");
}

export function checkMigrations(applied: string[], folder = MIGRATIONS): Finding {
  const known = readdirSync(folder).flatMap((file) => /^(\d{14})_[a-z0-9_]+\.sql$/.exec(file)?.[1] ?? []);
  const missing = known.filter((version) => !applied.includes(version)).sort();
  if (missing.length > 0)
    return fail(
      "migrations",
      `${missing.length} migrations are not applied, from ${missing[0]} on.`,
      "Apply them: npm run db:migrate (or supabase db push). The embedded platform does it when it starts.",
    );
  if (applied.some((version) => !known.includes(version)))
    return warn(
      "migrations",
      "The database is of a newer version than this one.",
      "Run the doctor of the version that is deployed, or update this one.",
    );
  return ok("migrations", `All ${known.length} migrations are applied.`);
}

export function checkRowLevelSecurity({ tables, tablesWithoutRls }: Facts): Finding {
  if (tablesWithoutRls.length === 0) return ok("row level security", `It is on for all ${tables} tables.`);
  const commands = tablesWithoutRls.map((table) => `alter table ${table} enable row level security;`).join(" ");
  return fail(
    "row level security",
    `It is off for ${tablesWithoutRls.join(", ")}: whoever has the publishable key may read that.`,
    `Switch it on at once: ${commands} Then look into the database's logs for who read it.`,
  );
}

export function checkBucket({ buckets }: Facts): Finding {
  const open = buckets.filter((bucket) => bucket.public);
  if (open.length > 0)
    return fail(
      "storage",
      `The bucket ${open.map(({ id }) => id).join(", ")} is public: whoever knows an address reads customers' files.`,
      "Make it private: Storage → the bucket → Edit, or: update storage.buckets set public = false;",
    );
  if (!buckets.some(({ id }) => id === KNOWLEDGE_BUCKET))
    return fail(
      "storage",
      `The bucket "${KNOWLEDGE_BUCKET}" is missing: no file can be uploaded.`,
      "Make a private bucket of that name (a limit of 50 MB a file).",
    );
  return ok("storage", "The bucket of knowledge files is private.");
}

export function checkWorker({ workersSeen }: Facts): Finding {
  if (workersSeen > 0) return ok("worker", workersSeen === 1 ? "One worker is at work." : `${workersSeen} workers are at work.`);
  return fail(
    "worker",
    "No worker has been seen for a minute: files are not read, webhooks and e-mails not sent.",
    "Start the worker; if it runs, look at its log and its /health.",
  );
}

/** Secrets that nobody can open any more. */
export function checkSealed({ sealedWith }: Facts, encryptionKeyIds: string[]): Finding {
  const lost = Object.entries(sealedWith).filter(([id]) => !encryptionKeyIds.includes(id));
  if (lost.length === 0) return ok("sealed secrets", "ENCRYPTION_KEY has every key that a stored secret was sealed with.");
  const what = lost.map(([id, count]) => `${count} with key "${id}"`).join(", ");
  return fail(
    "sealed secrets",
    `Secrets are sealed with keys that ENCRYPTION_KEY does not hold: ${what}.`,
    "Put the old key behind the new one (2:<new>,1:<old>), or have those secrets entered anew.",
  );
}

export function checkBackups({ backups }: Facts, env: Record<string, string>, now: number): Finding {
  const { lastMadeAt, lastFailedAt, lastFailure } = backups;
  const age = lastMadeAt ? now - new Date(lastMadeAt).getTime() : Number.POSITIVE_INFINITY;
  const isFailing = lastFailedAt !== null && (lastMadeAt === null || lastFailedAt > lastMadeAt);
  const why = isFailing && lastFailure ? ` The last one failed: ${lastFailure}` : "";
  if (age <= 26 * HOUR && !isFailing) return ok("backups", `The last backup is ${Math.max(0, Math.round(age / HOUR))} hours old.`);
  if (!env.BACKUP_TARGET)
    return age <= 26 * HOUR
      ? warn("backups", `The last attempt failed.${why}`, "See docs/RECOVERY.md.")
      : warn(
          "backups",
          `No daily backup is set up${lastMadeAt ? `; the last one is ${Math.round(age / HOUR / 24)} days old` : ""}.${why}`,
          "Set BACKUP_TARGET and BACKUP_KEY for the worker, or run npm run backup every day (docs/RECOVERY.md).",
        );
  const last = lastMadeAt ? `The last backup is ${Math.round(age / HOUR)} hours old.` : "No backup was ever made.";
  return fail("backups", `${last}${why}`, "Make one now (npm run backup) and mend what it says; the worker makes one a day at 03:30 UTC.");
}

/** A publishable key must not reach what only the server may. */
export async function checkPublishableKey(db: Db): Promise<Finding> {
  const facts = await Promise.resolve(db.rpc("deployment_facts")).catch((error: unknown) => ({ data: null, error }));
  const organizations = await Promise.resolve(db.from("organizations").select("id").limit(1)).catch((error: unknown) => ({
    data: null,
    error,
  }));
  if (facts.data || (organizations.data?.length ?? 0) > 0)
    return fail(
      "publishable key",
      "With SUPABASE_PUBLISHABLE_KEY the server's own functions or organizations can be read.",
      "Is it the secret key? Otherwise grants were changed: compare with supabase/tests, and restore them.",
    );
  return ok("publishable key", "It opens nothing by itself.");
}

export const noDatabase = (): Finding => off("database", "It could not be asked, so nothing in it was looked at.");
