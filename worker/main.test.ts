// The worker as a process of its own, with a real backend and a real queue.
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../e2e/fakes/free-port.ts";
import { handbookText, longPdf, modelOfPage } from "./ingest/test-documents.ts";
import { rows, startKnowledge, type TestKnowledge } from "./ingest/test-knowledge.ts";

vi.setConfig({ testTimeout: 180_000 });
const until = (check: () => unknown, timeout = 120_000) =>
  vi.waitFor(async () => expect(await check()).toBeTruthy(), { timeout, interval: 50 });

let knowledge: TestKnowledge;
let folder: string;
const started: ChildProcess[] = [];
beforeAll(async () => {
  knowledge = await startKnowledge();
  folder = await mkdtemp(join(tmpdir(), "gpt-agent-worker-"));
}, 60_000);
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await knowledge?.close();
});

type Started = { process: ChildProcess; port: number; said: () => string; ready: Promise<unknown>; exit: Promise<number | null> };

async function startWorker(env: Record<string, string | undefined> = {}): Promise<Started> {
  const port = await freePort();
  const child = fork(fileURLToPath(new URL("./main.ts", import.meta.url)), [], {
    execArgv: ["--import", createRequire(import.meta.url).resolve("tsx")],
    env: {
      PATH: "/usr/bin:/bin",
      NODE_ENV: "test",
      LOG_LEVEL: "info",
      SUPABASE_URL: knowledge.config.url,
      SUPABASE_PUBLISHABLE_KEY: knowledge.config.publishableKey,
      SUPABASE_SECRET_KEY: knowledge.config.secretKey,
      ENCRYPTION_KEY: randomBytes(32).toString("base64"),
      APP_URL: "http://portal.test",
      WORKER_PORT: String(port),
      QUEUE_FOLDER: join(folder, "queue"),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  started.push(child);
  let said = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (text: Buffer) => (said += text));
  const exit = once(child, "exit").then(([code]) => code as number | null);
  return { process: child, port, said: () => said, ready: once(child, "message").then(([message]) => message), exit };
}

const health = async (port: number, query = "") => {
  const response = await fetch(`http://127.0.0.1:${port}/health${query}`);
  return { status: response.status, body: await response.json() };
};

test("a variable that is missing is named, and the process ends with 78", async () => {
  const worker = await startWorker({ QUEUE_FOLDER: "", ENCRYPTION_KEY: "short" });
  expect(await worker.exit).toBe(78);
  expect(worker.said()).toMatch(/ENCRYPTION_KEY/);
  const noQueue = await startWorker({ QUEUE_FOLDER: "" });
  expect(await noQueue.exit).toBe(78);
  expect(noQueue.said()).toMatch(/QUEUE_FOLDER/);
});

test("a port that is taken is said plainly", async () => {
  const other = createServer().listen(0);
  await once(other, "listening");
  const worker = await startWorker({ WORKER_PORT: String((other.address() as AddressInfo).port) });
  expect(await worker.exit).toBe(1);
  expect(worker.said()).toMatch(/is taken by another program/);
  other.close();
});

test("starts, tells its health, reads a file that is added, and ends with 0 on SIGTERM (G3)", async () => {
  const worker = await startWorker();
  expect(await worker.ready).toEqual({ ready: true });
  expect(await health(worker.port)).toEqual({
    status: 200,
    body: {
      status: "ok",
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      checks: { database: "ok", queue: "ok", storage: "ok" },
      queues: {
        depths: { waiting: expect.any(Number), active: expect.any(Number), delayed: 0, failed: 0 },
        outbox: { waiting: expect.any(Number), oldestSeconds: expect.any(Number), later: 0, inFlight: expect.any(Number), dead: 0 },
      },
    },
  });
  expect((await fetch(`http://127.0.0.1:${worker.port}/`)).status).toBe(404);

  const source = await knowledge.add("handbook.md", handbookText("ru", "md"));
  await until(async () => (await knowledge.source(source))?.status === "ready");
  await until(async () => (await knowledge.jobs("source.embed")).every(({ sent_at }) => sent_at));

  const key = (await knowledge.source(source))!.object_key!;
  const isStored = async () => (await knowledge.backend.db.query("select 1 from storage.objects where name = $1", [key])).rows.length > 0;
  expect(await isStored()).toBe(true);
  await knowledge.db.from("sources").delete().eq("id", source);
  await until(async () => !(await isStored()));

  worker.process.kill("SIGTERM");
  expect(await worker.exit).toBe(0);
  expect(worker.said()).toContain("The worker has stopped");
});

test("H8: while the database is away it stays alive, says so, and needs no hand when it is back", async () => {
  // A door that can be shut in front of the backend.
  const target = Number(new URL(knowledge.config.url).port);
  const { connect } = await import("node:net");
  let open = true;
  const sockets = new Set<Socket>();
  const door = createServer((socket) => {
    sockets.add(socket.once("close", () => sockets.delete(socket)));
    if (!open) return void socket.destroy();
    const through = connect(target, "127.0.0.1");
    socket.on("error", () => through.destroy()).pipe(through);
    through.on("error", () => socket.destroy()).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(door, "listening");
  const worker = await startWorker({ SUPABASE_URL: `http://127.0.0.1:${(door.address() as AddressInfo).port}` });
  await worker.ready;
  open = false;
  for (const socket of sockets) socket.destroy();
  await until(async () => (await health(worker.port)).status === 503);
  expect((await health(worker.port)).body).toMatchObject({ status: "failed", checks: { database: "failed", queue: "ok" } });
  expect((await health(worker.port, "?live=1")).status).toBe(200);
  const source = await knowledge.add("later.txt", "Прочитан позже.");
  await new Promise((wake) => setTimeout(wake, 1_000));
  open = true;
  await until(async () => (await knowledge.source(source))?.status === "ready");
  expect((await health(worker.port)).status).toBe(200);
  door.close();
});

describe("H6/G4: killed in the middle of a file", () => {
  test.each(["reading", "indexing"])("while %s, the next start ends it: ready, every chunk once", async (stage) => {
    const source = await knowledge.add("catalogue.pdf", await longPdf(30, "ru"));
    const first = await startWorker();
    await until(async () => {
      const now = await knowledge.source(source);
      return now?.status === stage && (stage === "reading" || now.progress_done > 0);
    });
    first.process.kill("SIGKILL");
    await first.exit;
    expect(await knowledge.source(source)).not.toMatchObject({ status: "ready" });

    const second = await startWorker();
    await second.ready;
    await until(async () => (await knowledge.source(source))?.status === "ready");
    const all = await rows(knowledge.db.from("chunks").select("position, page, body").eq("source_id", source).order("position"));
    expect(all.map(({ position }) => position)).toEqual(all.map((_, index) => index));
    for (let page = 1; page <= 30; page++)
      expect(all.some((each) => each.page === page && each.body.includes(modelOfPage(page)))).toBe(true);
    second.process.kill("SIGTERM");
    expect(await second.exit).toBe(0);
  });
});
