// `npm run db:migrate [-- --status]`: applies the migrations that a Supabase's Postgres lacks, as `supabase db push` does.
import { BackupError } from "@gpt-agent/core/backup/errors";
import { openPostgres } from "@gpt-agent/core/backup/sql-session";
import { readEnv } from "@gpt-agent/core/env";
import { appliedMigrations, knownMigrations, migrate } from "../migrate.ts";
import { MIGRATIONS_FOLDER } from "./place.ts";
import { runProgram, say } from "./terminal.ts";

const env = readEnv("recovery");

await runProgram(async () => {
  if (!env.DATABASE_URL)
    throw new BackupError("unconfigured", "Set DATABASE_URL. The embedded platform migrates its database when it starts.");
  const db = await openPostgres(env.DATABASE_URL);
  try {
    const [known, applied] = [await knownMigrations(MIGRATIONS_FOLDER), await appliedMigrations(db)];
    const newer = applied.filter((version) => !known.includes(version));
    if (newer.length > 0)
      say(`The database has migrations that this version does not know: ${newer.join(", ")}. It is of a newer version.`);
    if (process.argv.includes("--status")) {
      const missing = known.filter((version) => !applied.includes(version));
      say(missing.length > 0 ? `Not applied: ${missing.join(", ")}.` : "All migrations are applied.");
      process.exitCode = missing.length > 0 ? 1 : 0;
      return;
    }
    const now = await migrate(db, MIGRATIONS_FOLDER);
    say(now.length > 0 ? `Applied ${now.join(", ")}.` : "All migrations were applied already.");
  } finally {
    await db.close();
  }
});
