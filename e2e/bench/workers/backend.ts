// The embedded backend in a process of its own, without portal and worker, for benches that bring workers of their own.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Db, serviceDb } from "../../../core/db.ts";

const here = (path: string) => fileURLToPath(new URL(`../../../supabase/${path}`, import.meta.url));

export type BenchBackend = {
  db: Db;
  /** What a worker's environment says of the database. */
  env: Record<"SUPABASE_URL" | "SUPABASE_PUBLISHABLE_KEY" | "SUPABASE_SECRET_KEY" | "OUTBOX_NOTICES_URL", string>;
  stop(): Promise<void>;
};

/** Starts it on a new folder, with all migrations and nothing else. */
export async function startBenchBackend(): Promise<BenchBackend> {
  const folder = await mkdtemp(join(tmpdir(), "gpt-agent-bench-"));
  const publishableKey = `sb_publishable_${randomBytes(16).toString("hex")}`;
  const secretKey = `sb_secret_${randomBytes(16).toString("hex")}`;
  const config = {
    ...{ publishableKey, secretKey, jwtSecret: randomBytes(32).toString("hex"), port: 0, siteUrl: "http://localhost:3000" },
    ...{ folder: join(folder, "database"), storageFolder: join(folder, "storage") },
    ...{ migrationsFolder: here("migrations"), templatesFolder: here("templates") },
  };
  const tsx = createRequire(import.meta.url).resolve("tsx");
  const child = spawn(process.execPath, ["--import", tsx, here("embedded/killable-backend.ts"), JSON.stringify(config)], {
    stdio: ["ignore", "pipe", "ignore", "ipc"],
  });
  const [url] = (await Promise.race([
    once(createInterface({ input: child.stdout! }), "line"),
    once(child, "exit").then(() => {
      throw new Error("The backend did not start");
    }),
  ])) as [string];
  return {
    db: serviceDb({ url, publishableKey, secretKey }),
    env: {
      SUPABASE_URL: url,
      SUPABASE_PUBLISHABLE_KEY: publishableKey,
      SUPABASE_SECRET_KEY: secretKey,
      OUTBOX_NOTICES_URL: `${url}/notices`,
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The data of an answer; throws its error. */
export async function must<T>(query: PromiseLike<{ data: T; error: { message: string } | null }>): Promise<NonNullable<T>> {
  const { data, error } = await query;
  if (error) throw new Error(error.message);
  return data as NonNullable<T>;
}
