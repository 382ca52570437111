import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openPostgres } from "@gpt-agent/core/backup/sql-session";
import { type Db, serviceDb } from "@gpt-agent/core/db";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { postgresPrograms, startPostgres } from "../recovery/test-postgres.ts";
import type { BackendConfig } from "./backend.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const keys = { publishableKey: "sb_publishable_durability_tests", secretKey: "sb_secret_durability_tests" };

/** Where the backend's data is, and how its server is killed, where it has one. */
type Place = {
  where: Pick<BackendConfig, "folder" | "databaseUrl">;
  server?: { kill(): Promise<void>; startAgain(): Promise<void> };
  close(): Promise<void>;
};

const programs = postgresPrograms();
/** As an operator has it: what is committed is on the disk. */
const SETTINGS = ["fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=16MB"];
async function onServer(): Promise<Place> {
  const server = await startPostgres(programs!, SETTINGS);
  const admin = await openPostgres(server.url("postgres"));
  await admin.exec("create database durable");
  await admin.close();
  return { where: { databaseUrl: server.url("durable") }, server, close: () => server.stop() };
}
const KINDS: [kind: string, rounds: number, open: (folder: string) => Promise<Place>][] = [
  ["PGlite", 5, async (folder) => ({ where: { folder: join(folder, "database") }, close: async () => {} })],
  ...(programs ? ([["a Postgres server", 3, onServer]] satisfies [string, number, () => Promise<Place>][]) : []),
];

describe.each(KINDS)("on %s", (kind, rounds, open) => {
  let folder: string;
  let place: Place;
  let running: ChildProcess | undefined;
  /** What was acknowledged so far. */
  const rows: string[] = [];
  const files: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gpt-agent-durability-"));
    place = await open(folder);
  });
  afterAll(async () => {
    running?.kill("SIGKILL");
    await place?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts the backend on the data in a process of its own; returns its database and how to kill it. */
  async function start() {
    const config = {
      ...keys,
      ...place.where,
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
      db: serviceDb({ url, ...keys }),
      async kill() {
        child.kill("SIGKILL");
        await exited;
      },
    };
  }

  /** All that was acknowledged is there. */
  async function expectAll(db: Db) {
    const { data: stored, error } = await db.from("organizations").select("slug").limit(10_000);
    expect(error).toBeNull();
    const there = new Set(stored?.map((row) => row.slug));
    expect(rows.filter((slug) => !there.has(slug))).toEqual([]);
    for (const file of files.slice(-20)) expect(await (await db.storage.from("knowledge").download(file)).data?.text()).toBe(file);
  }

  /**
   * Two writers, until the kill, which comes in the middle of whatever they are at after some writes. What they have been told is done must be
   * there.
   */
  async function writeUntil(db: Db, round: string, kill: () => Promise<void>) {
    const enough = { rows: rows.length + 5 + Math.floor(Math.random() * 20), files: files.length + 1 };
    let strike = (): void => {};
    const killed = new Promise<void>((resolve) => {
      strike = () => resolve(kill());
    });
    let isStruck = false;
    const writer = async (name: string) => {
      for (let n = 0; ; n++) {
        const slug = `${round}-${name}-${n}`;
        const written = await db.from("organizations").insert({ slug, name: slug });
        if (written.error) return;
        rows.push(slug);
        if (n % 5 === 0) {
          const uploaded = await db.storage.from("knowledge").upload(slug, Buffer.from(slug), { contentType: "text/plain" });
          if (uploaded.error) return;
          files.push(slug);
        }
        if (!isStruck && rows.length >= enough.rows && files.length >= enough.files) {
          isStruck = true;
          setTimeout(strike, Math.random() * 20);
        }
      }
    };
    await Promise.all([writer("a"), writer("b"), killed]);
  }

  test(`H7: ${rounds} times kill -9 under writes: every acknowledged row and file is there, and the data always opens again`, async () => {
    for (let round = 0; round < rounds; round++) {
      const backend = await start();
      await expectAll(backend.db);
      await writeUntil(backend.db, `r${round}`, backend.kill);
    }
    const backend = await start();
    await expectAll(backend.db);
    await backend.kill();
    expect(rows.length).toBeGreaterThanOrEqual(rounds * 5);
    console.info(`kill -9 on ${kind}: ${rounds} rounds, ${rows.length} rows and ${files.length} files acknowledged, none lost`);
  }, 300_000);

  if (kind === "PGlite") return;
  test(`H7: ${rounds} times kill -9 of the server under writes: nothing acknowledged is lost, and the same backend goes on`, async () => {
    const before = rows.length;
    const backend = await start();
    for (let round = 0; round < rounds; round++) {
      await writeUntil(backend.db, `s${round}`, () => place.server!.kill());
      // It is really away.
      expect((await backend.db.from("organizations").select("slug").limit(1)).error).not.toBeNull();
      await place.server!.startAgain();
      await vi.waitFor(() => expectAll(backend.db), { timeout: 30_000, interval: 100 });
    }
    await backend.kill();
    expect(rows.length - before).toBeGreaterThanOrEqual(rounds * 5);
    console.info(`kill -9 of the server: ${rounds} rounds, ${rows.length - before} rows acknowledged, none lost`);
  }, 300_000);
});
