import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dbFetch, overNode } from "./db-fetch.ts";

let server: Server;
let url: string;
let connections = 0;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part) => {
      body += part;
    });
    request.on("end", () => answer(request, response, body));
  });
  server.on("connection", () => connections++);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rest/v1/rpc/any`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

// Both are used for the database, so both must do what supabase-js asks of a fetch.
describe.each([
  ["Node's client", dbFetch],
  ["the built-in fetch", fetch],
])("a call of the database over %s", (_name, call) => {
  it("sends method, headers and body, and brings status, headers and text", async () => {
    const asked: unknown[] = [];
    answer = ({ method, headers }, response, body) => {
      asked.push(method, headers.apikey, headers["content-type"], headers["content-length"], body);
      response.writeHead(201, "Made", { "content-range": "0-1/2", "content-type": "application/json" });
      // A character in two packets.
      const bytes = Buffer.from('{"чай":"горячий"}');
      response.write(bytes.subarray(0, 3));
      setTimeout(() => response.end(bytes.subarray(3)), 20);
    };
    const body = '{"вопрос":"сколько?"}';
    const response = await call(url, { method: "POST", headers: { apikey: "k", "content-type": "application/json" }, body });
    expect(asked).toEqual(["POST", "k", "application/json", String(Buffer.byteLength(body)), body]);
    expect([response.ok, response.status, response.statusText]).toEqual([true, 201, "Made"]);
    expect(response.headers.get("Content-Range")).toBe("0-1/2");
    expect(await response.json()).toEqual({ чай: "горячий" });
  });

  it("takes answers without a body, and errors", async () => {
    answer = (_, response) => response.writeHead(204).end();
    expect((await call(url, { method: "PATCH", body: "{}" })).status).toBe(204);
    answer = (_, response) => response.writeHead(200, { "content-range": "*/7" }).end();
    expect((await call(url, { method: "HEAD" })).headers.get("content-range")).toBe("*/7");
    answer = (_, response) => response.writeHead(400).end('{"code":"P0001"}');
    const refused = await call(url, { method: "POST", body: "{}" });
    expect([refused.ok, await refused.json()]).toEqual([false, { code: "P0001" }]);
  });

  it("is given up when the signal aborts, before the answer and in the middle of it", async () => {
    for (const begin of [false, true]) {
      answer = (_, response) => begin && response.writeHead(200).write("{");
      const leave = new AbortController();
      const reading = call(url, { method: "POST", body: "{}", signal: leave.signal }).then((response) => response.text());
      const given = expect(reading).rejects.toMatchObject({ name: "AbortError" });
      await sleep(50);
      leave.abort();
      await given;
    }
    await expect(call(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });

  it("fails when the other side is not there, or breaks off", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
      setTimeout(() => response.destroy(), 20);
    };
    await expect(call(url, { method: "POST", body: "{}" }).then((response) => response.text())).rejects.toThrow();
    await expect(call("http://127.0.0.1:1/rest/v1/any")).rejects.toThrow();
  });

  it("uses a connection again", async () => {
    answer = (_, response) => response.end("[]");
    await (await call(url)).text();
    const before = connections;
    for (let n = 0; n < 10; n++) await (await call(url)).text();
    expect(connections - before).toBeLessThanOrEqual(1);
  });
});

describe("a database that is silent", () => {
  it("is waited for so long, before its answer and in the middle of it, and then its connection is left", async () => {
    for (const begin of [false, true]) {
      let gone = false;
      answer = (request, response) => {
        request.socket.once("close", () => {
          gone = true;
        });
        if (begin) response.writeHead(200).write("{");
      };
      const began = performance.now();
      await expect(overNode(url, { method: "POST", body: "{}" }, 100)).rejects.toThrow();
      expect(performance.now() - began).toBeGreaterThan(95);
      await expect.poll(() => gone).toBe(true);
    }
  });

  it("may take its time as long as it says something, on a connection that has been idle", async () => {
    answer = (_, response) => response.end("[]");
    await (await overNode(url, {}, 100)).text();
    answer = (_, response) => {
      response.writeHead(200);
      for (let n = 1; n <= 5; n++) setTimeout(() => (n < 5 ? response.write("[") : response.end("[")), n * 60);
    };
    expect(await (await overNode(url, {}, 100)).text()).toBe("[[[[[");
  });
});
