// The embedded backend as a process: locks its data, starts, seeds the demo unless it is off, hands the owner's sign-in link to
// the supervisor, or prints it where there is none.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serviceDb } from "@gpt-agent/core/db";
import { readEnv } from "@gpt-agent/core/env";
import { createLog } from "@gpt-agent/core/log";
import { createMailer, type Mail } from "@gpt-agent/core/mail/mailer";
import type { EmailDriver } from "@supabase/lite";
import { startBackend } from "./backend.ts";
import { seedDemo } from "./demo/seed.ts";
import { lockFolder } from "./lock.mjs";
import { ensureOwner, ownerLink } from "./owner.ts";

const env = readEnv("backend");
const log = createLog(env.LOG_LEVEL, { process: "backend" });
// Both this file and its bundle (supabase/dist) lie one folder below supabase/.
const folder = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

// A killed supervisor's backend may still be closing; a database folder must never be open twice. On a Postgres server several backends may
// share the database, and the folder of stored files.
const unlock = env.BACKEND_DATABASE_URL ? () => {} : await lockFolder(env.DATA_FOLDER, "database", 10_000);
if (!unlock) {
  process.stderr.write(`The data in ${env.DATA_FOLDER} is in use by another running platform.\n`);
  process.exit(75);
}

const delivery = createMailer(env);
const awaited = new Map<string, (mail: Mail) => void>();
const email = {
  async send(mail: Mail) {
    const caught = awaited.get(mail.to);
    if (caught) {
      awaited.delete(mail.to);
      caught(mail);
    } else {
      await delivery?.send(mail);
    }
  },
};
const trap = { catchNext: (to: string) => new Promise<Mail>((resolve) => awaited.set(to, resolve)) };

const backend = await startBackend({
  folder: join(env.DATA_FOLDER, "database"),
  databaseUrl: env.BACKEND_DATABASE_URL,
  databaseConnections: env.BACKEND_DATABASE_CONNECTIONS,
  log,
  storageFolder: join(env.DATA_FOLDER, "storage"),
  migrationsFolder: folder("migrations"),
  templatesFolder: folder("templates"),
  port: env.BACKEND_PORT,
  host: env.BACKEND_HOST,
  publishableKey: env.SUPABASE_PUBLISHABLE_KEY,
  secretKey: env.SUPABASE_SECRET_KEY,
  jwtSecret: env.SUPABASE_JWT_SECRET,
  siteUrl: env.APP_URL,
  email: email as unknown as EmailDriver,
});

const close = async () => {
  await backend.close();
  unlock();
  process.exit(0);
};
process.once("SIGTERM", close);
process.once("SIGINT", close);
// The supervisor is gone, however it went: close the database and follow it.
process.once("disconnect", close);

const ownerId = await backend.db.alone(async () => {
  const id = await ensureOwner(backend, env.SUPABASE_PUBLISHABLE_KEY);
  if (!id) return null;
  // Whoever starts the platform on this machine runs it.
  await backend.db.query("insert into private.platform_admins (user_id) values ($1) on conflict (user_id) do nothing", [id]);
  if (env.DEMO === "on") {
    const db = serviceDb({ url: backend.url, publishableKey: env.SUPABASE_PUBLISHABLE_KEY, secretKey: env.SUPABASE_SECRET_KEY });
    await seedDemo({ db, ownerId: id, knowledgeFolder: folder("embedded/demo/knowledge"), log });
  }
  return id;
});
const link = ownerId ? await ownerLink(backend, env.SUPABASE_PUBLISHABLE_KEY, trap) : null;
if (process.send) process.send({ ready: true, ownerLink: link });
// Nobody started us who could hand the link on (a container): whoever reads this process's output runs the platform.
else if (link) process.stdout.write(`Sign in as the owner (once, within an hour): ${link}\n`);
log.info("backend ready", { url: backend.url });
