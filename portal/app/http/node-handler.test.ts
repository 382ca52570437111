import { once } from "node:events";
import { createServer, get, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerBuild } from "@remix-run/node";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { tellFrom } from "../chat/test-telling.ts";
import { nodeHandler, writeFrames } from "./node-handler.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that answers with frames, and what it has told its reader so far. */
async function serve(frames: () => AsyncGenerator<string>, pingMs = 60_000, prepare: (response: ServerResponse) => void = () => {}) {
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    responses.push(response);
    prepare(response);
    const leave = new AbortController();
    response.once("close", () => leave.abort());
    void writeFrames({ frames: tellFrom(frames), signal: leave.signal, pingMs }, response).catch(() => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, responses };
}

describe("frames on a socket", () => {
  it("a client that never reads is not written to without end, and costs nothing once it is gone", async () => {
    let made = 0;
    let released = false;
    async function* endless() {
      try {
        for (;;) {
          made++;
          yield `data: ${"x".repeat(2_000)}\n\n`;
        }
      } finally {
        released = true;
      }
    }
    const { port, responses } = await serve(endless);
    const deaf = connect(port, "127.0.0.1").pause();
    deaf.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    let before = -1;
    await expect
      .poll(() => {
        const still = made === before;
        before = made;
        return still && made > 0;
      })
      .toBe(true);
    expect(responses[0]!.writableLength).toBeLessThan(64 * 1024);
    await sleep(50);
    expect(made).toBe(before);
    deaf.destroy();
    await expect.poll(() => released).toBe(true);
  });

  it("silence is filled with comments, and a heartbeat never cuts a frame", async () => {
    async function* slow() {
      yield "data: 1\n\n";
      await sleep(120);
      yield "data: 2\n\n";
    }
    const { port } = await serve(slow, 30);
    const told = await (await fetch(`http://127.0.0.1:${port}`)).text();
    expect(told).toMatch(/^data: 1\n\n(: ping\n\n)+data: 2\n\n$/);
  });

  it("come whole to clients of every kind, also where somebody watches what is written", async () => {
    const all = ["data: один\n\n", "data: 🙂\n\n", `data: ${"длинный ".repeat(5_000)}\n\n`, "data: [DONE]\n\n"];
    async function* frames() {
      yield* all;
    }
    const { port } = await serve(frames);
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe(all.join(""));

    const old = connect(port, "127.0.0.1");
    old.write("GET / HTTP/1.0\r\nhost: x\r\n\r\n");
    expect((await text(old)).split("\r\n\r\n")[1]).toBe(all.join(""));

    const seen: string[] = [];
    const watched = await serve(frames, 60_000, (response) => {
      const { write } = response;
      response.write = ((chunk: string) => {
        seen.push(chunk);
        return write.call(response, chunk, "utf8");
      }) as typeof write;
    });
    expect(await (await fetch(`http://127.0.0.1:${watched.port}`)).text()).toBe(all.join(""));
    expect(seen).toEqual(all);
  });

  it("a source that fails cuts the answer, so that nobody takes it for a whole one", async () => {
    async function* failing() {
      yield "data: 1\n\n";
      throw new Error("broken");
    }
    const { port, responses } = await serve(failing);
    const response = await fetch(`http://127.0.0.1:${port}`);
    await expect(response.text()).rejects.toThrow();
    expect(responses[0]!.destroyed).toBe(true);
  });
});

/** What Remix builds, with routes whose loaders and actions all answer the same. */
function buildOf(routes: Record<string, () => Response>): ServerBuild {
  const entries = Object.entries(routes).map(([path, answer]) => [path, { id: path, path, module: { loader: answer, action: answer } }]);
  return {
    routes: Object.fromEntries(entries),
    entry: { module: { default: () => new Response(null, { status: 404 }) } },
    assets: { version: "test", url: "", entry: { imports: [], module: "" }, routes: {} },
    assetsBuildDirectory: "",
    publicPath: "/",
    future: {},
    isSpaMode: false,
  } as unknown as ServerBuild;
}

describe("a call of the API", () => {
  const say = (text: string) => () => new Response(text);
  const build = buildOf({ "api/*": say("none"), "api/v1/a/:id": say("a"), "api/v1/a/:id/b/:c": say("b"), "orgs/:slug": say("page") });

  it.each([
    ["/api/v1/a/1", "a"],
    ["/api/v1/a/1/", "a"],
    ["/api/v1/a/1/b/2", "b"],
    ["/api/v1/a/1/b/..", "a"],
    ["/api/v1/a/1/b/%2e%2e", "a"],
    ["/api/v1/%61/1", "a"],
    ["/API/v1/a/1?x=/b/2", "a"],
    ["/api/v1/a/1%2Fb", "a"],
    ["/api/v1/a/1/b", "none"],
    ["/api/v1/c", "none"],
    ["/orgs/acme", "page"],
  ])("%s is answered by the route that Remix finds among all", async (path, expected) => {
    const server = express().use(nodeHandler(build, "test")).listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const told = await new Promise<string>((resolve, reject) => {
      get({ port, host: "127.0.0.1", path, agent: false }, (response) => resolve(text(response))).on("error", reject);
    });
    expect(told).toBe(expected);
  });
});

describe("a body that nobody reads", () => {
  /** The handler with one route, whose action reads nothing and refuses. */
  async function refusing() {
    const build = buildOf({ x: () => new Response("no", { status: 403 }) });
    const server = express().use(nodeHandler(build, "test")).listen(0, "127.0.0.1");
    await once(server, "listening");
    // Nobody else ends what is stuck.
    server.keepAliveTimeout = 0;
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    let told = "";
    socket.setEncoding("utf8").on("data", (text) => (told += text));
    socket.on("error", () => {});
    closing.push(() => socket.destroy());
    const post = (bytes: number) => `POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`;
    return { socket, post, answers: () => told.split("HTTP/1.1 403").length - 1 };
  }

  it("is taken off the wire after the answer: the connection's next request is answered", async () => {
    const { socket, post, answers } = await refusing();
    const bytes = 200 * 1024;
    socket.write(post(bytes) + "x".repeat(bytes));
    await expect.poll(answers).toBe(1);
    socket.write(`${post(2)}ok`);
    await expect.poll(answers, { timeout: 10_000 }).toBe(2);
  });

  it("and of one without end the connection is cut", async () => {
    const { socket, post } = await refusing();
    const gone = new Promise((closed) => socket.once("close", closed));
    socket.write(post(1024 ** 3));
    const more = () => {
      while (!socket.destroyed && socket.write("x".repeat(64 * 1024)));
    };
    socket.on("drain", more);
    more();
    await gone;
    expect(socket.bytesWritten).toBeLessThan(64 * 1024 ** 2);
  });
});
