import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Door, listen } from "./listen.mjs";

let door: Door | null = null;
afterEach(async () => {
  await door?.close();
  door = null;
});

const answering = () => createServer((_, response) => response.end("here"));
const portOf = (server: ReturnType<typeof answering>) => (server.address() as AddressInfo).port;

/** Another process that opens connections, tells when all stand, and keeps them. */
async function crowd(port: number, size: number) {
  const script = `
    const sockets = Array.from({ length: ${size} }, () => require("node:net").connect(${port}, "127.0.0.1"));
    Promise.all(sockets.map((socket) => new Promise((open) => socket.once("connect", open)))).then(() => console.log("all"));`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  return { child, all: () => once(child.stdout, "data") };
}

test("a crowd is taken on by several in each turn of the event loop", async () => {
  const server = answering();
  door = listen(server, 0, "127.0.0.1");
  expect(await door.wide).toBe(64);
  const turns: number[] = [];
  let taken = 0;
  server.on("connection", () => taken++);
  // Every turn is long, as those of a busy portal are, so that the crowd waits at the door.
  const turn = () => {
    turns.push(taken);
    const until = performance.now() + 20;
    while (performance.now() < until);
    ticking = setImmediate(turn);
  };
  let ticking = setImmediate(turn);
  const { child } = await crowd(portOf(server), 64);
  await expect.poll(() => taken, { timeout: 30_000 }).toBe(64);
  clearImmediate(ticking);
  const most = Math.max(...turns.map((at, n) => at - (turns[n - 1] ?? 0)));
  expect(most).toBeGreaterThan(1);
  const ended = once(child, "exit");
  child.kill();
  await ended;
});

test("every one of them is answered, and closing waits for those whose answers go on", async () => {
  const pending: (() => void)[] = [];
  const server = createServer((_, response) => {
    response.write("begun ");
    pending.push(() => response.end("ended"));
  });
  door = listen(server, 0, "127.0.0.1");
  await door.wide;
  const agent = new Agent({ keepAlive: false });
  const texts = Array.from(
    { length: 24 },
    () =>
      new Promise<string>((resolve, reject) => {
        get({ port: portOf(server), host: "127.0.0.1", agent }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part) => (text += part));
          response.on("end", () => resolve(text));
        }).on("error", reject);
      }),
  );
  await expect.poll(() => pending.length, { timeout: 30_000 }).toBe(24);
  let closed = false;
  const closing = door.close().then(() => (closed = true));
  door = null;
  await new Promise((later) => setTimeout(later, 50));
  expect(closed).toBe(false);
  for (const end of pending) end();
  expect(await Promise.all(texts)).toEqual(Array(24).fill("begun ended"));
  await closing;
});

test("closed before all handles are there, it leaves none open", async () => {
  const server = answering();
  const early = listen(server, 0, "127.0.0.1");
  await early.listening;
  const port = portOf(server);
  await early.close();
  await early.wide;
  const failure = await new Promise((resolve) => get({ port, host: "127.0.0.1" }, () => resolve(null)).on("error", resolve));
  expect(failure).toMatchObject({ code: "ECONNREFUSED" });
});
