import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { serviceDb } from "@gpt-agent/core/db";
import { afterAll, beforeAll, expect, test } from "vitest";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const keys = { publishableKey: "sb_publishable_durability_tests", secretKey: "sb_secret_durability_tests" };
const ROUNDS = 5;

let folder: string;
let running: ChildProcess | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gpt-agent-durability-"));
});
afterAll(async () => {
  running?.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** Starts the backend on the folder in a process of its own; returns its URL and how to kill it. */
async function start() {
  const config = {
    ...keys,
    folder: join(folder, "database"),
    storageFolder: join(folder, "storage"),
    migrationsFolder: here("../migrations"),
    templatesFolder: here("../templates"),
    port: 0,
    jwtSecret: "x".repeat(32),
    siteUrl: "http://localhost:3000",
  };
  const child = spawn(process.execPath, ["--import", "tsx", here("./killable-backend.ts"), JSON.stringify(config)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running = child;
  const exited = once(child, "exit");
  const url = await Promise.race([
    once(createInterface({ input: child.stdout }), "line").then(([line]) => String(line)),
    exited.then(() => null),
  ]);
  if (!url) throw new Error("The backend did not start on what the last kill left");
  return {
    url,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

test(`H7: ${ROUNDS} times kill -9 under writes: every acknowledged row and file is there, and the data always opens again`, async () => {
  const acknowledged: string[] = [];
  const files: string[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const backend = await start();
    const db = serviceDb({ url: backend.url, ...keys });
    const { data: stored, error } = await db.from("organizations").select("slug").limit(10_000);
    expect(error).toBeNull();
    const there = new Set(stored?.map((row) => row.slug));
    expect(acknowledged.filter((slug) => !there.has(slug))).toEqual([]);
    for (const file of files.slice(-20)) expect(await (await db.storage.from("knowledge").download(file)).data?.text()).toBe(file);
    if (round === ROUNDS) {
      await backend.kill();
      break;
    }

    // Two writers, until the kill, which comes in the middle of whatever they are at after some writes. What they have been
    // told is done must be there.
    const enough = { rows: acknowledged.length + 5 + Math.floor(Math.random() * 20), files: files.length + 1 };
    let kill = (): void => {};
    const killed = new Promise<void>((resolve) => {
      kill = () => resolve(backend.kill());
    });
    const writer = async (name: string) => {
      for (let n = 0; ; n++) {
        const slug = `r${round}-${name}-${n}`;
        const written = await db.from("organizations").insert({ slug, name: slug });
        if (written.error) return;
        acknowledged.push(slug);
        if (n % 5 === 0) {
          const uploaded = await db.storage.from("knowledge").upload(slug, Buffer.from(slug), { contentType: "text/plain" });
          if (uploaded.error) return;
          files.push(slug);
        }
        if (acknowledged.length >= enough.rows && files.length >= enough.files) setTimeout(kill, Math.random() * 20);
      }
    };
    await Promise.all([writer("a"), writer("b"), killed]);
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS * 5);
  console.info(`kill -9: ${ROUNDS} rounds, ${acknowledged.length} rows and ${files.length} files acknowledged, none lost`);
}, 300_000);
