import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EmailMessage } from "@supabase/lite";
import { type Backend, type BackendConfig, startBackend } from "./backend.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export type TestBackend = Backend & {
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  /** E-mails sent so far, newest last. */
  mails: EmailMessage[];
};

/** A backend in memory on a free port, with all migrations, for tests and generators. Close it when done. */
export async function startTestBackend(options: Pick<BackendConfig, "extensions"> = {}): Promise<TestBackend> {
  const storageFolder = await mkdtemp(join(tmpdir(), "gpt-agent-storage-"));
  const keys = {
    publishableKey: `sb_publishable_${randomBytes(16).toString("hex")}`,
    secretKey: `sb_secret_${randomBytes(16).toString("hex")}`,
    jwtSecret: randomBytes(32).toString("hex"),
  };
  const mails: EmailMessage[] = [];
  const backend = await startBackend({
    ...options,
    ...keys,
    storageFolder,
    migrationsFolder: here("../migrations"),
    templatesFolder: here("../templates"),
    port: 0,
    siteUrl: "http://localhost:3000",
    email: {
      async send(mail: EmailMessage) {
        mails.push(mail);
      },
    } as never,
  });
  return {
    ...backend,
    ...keys,
    mails,
    async close() {
      await backend.close();
      await rm(storageFolder, { recursive: true, force: true });
    },
  };
}
