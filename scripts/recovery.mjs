// `npm run backup`, `restore`, `db:migrate` and `doctor`: programs for the Supabase or Postgres that the environment
// names, else for the embedded platform's data folder, whether it runs or not.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { at, ensureBuilt, ensureInstalled, stop } from "./project.mjs";

const { BACKEND_DATABASE_URL } = process.env;
const [program, ...args] = process.argv.slice(2);
/** Where each program's bundle is. */
const PROGRAMS = { backup: "supabase", restore: "supabase", migrate: "supabase", doctor: "worker" };
if (!PROGRAMS[program]) stop("This runs backup, restore, migrate or doctor.");
ensureInstalled();
await ensureBuilt();
const { openDataFolder, readSecrets, StartError } = await import("./supervisor.mjs");

/** What the embedded platform's own start would set; what is set by hand comes first. */
async function embedded() {
  const DATA_FOLDER = openDataFolder();
  const set = {
    APP_URL: `http://localhost:${process.env.PORT || 3000}`,
    ...readSecrets(DATA_FOLDER),
    DATA_FOLDER,
    MAILBOX_FOLDER: join(DATA_FOLDER, "mailbox"),
    QUEUE_FOLDER: join(DATA_FOLDER, "queue"),
    ...(BACKEND_DATABASE_URL ? { DATABASE_URL: BACKEND_DATABASE_URL } : {}),
  };
  try {
    const { url, backendUrl } = JSON.parse(readFileSync(join(DATA_FOLDER, "running.json"), "utf8"));
    await fetch(backendUrl);
    return { ...set, APP_URL: url, SUPABASE_URL: backendUrl };
  } catch {
    // What is on a Postgres server is reached without the platform; stored files are in its hands.
    if (BACKEND_DATABASE_URL && ["backup", "restore"].includes(program))
      stop(`The platform is not running on ${DATA_FOLDER}. Start it (npm start): it hands out and takes in the stored files.`);
    // The doctor can look at that server by itself.
    if (program === "doctor" && !BACKEND_DATABASE_URL)
      stop(`The platform is not running on ${DATA_FOLDER}. Start it (npm start), then ask the doctor.`);
    return set;
  }
}

try {
  const isEmbedded = !process.env.SUPABASE_URL && !process.env.DATABASE_URL;
  const env = { ...(isEmbedded ? await embedded() : {}), ...process.env };
  const child = spawn(process.execPath, ["--enable-source-maps", at(PROGRAMS[program], "dist", `${program}.js`), ...args], {
    env,
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => process.exit(code ?? 1));
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  stop(error.message, error.exitCode);
}
