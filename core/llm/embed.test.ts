import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createEmbedder, EmbedError } from "./embed.ts";

type Answer = (texts: string[], response: ServerResponse, request: IncomingMessage) => void;
let close: (() => void) | undefined;
afterEach(() => close?.());

/** A provider on loopback that answers each request with the next of `answers`, the last one for ever. */
async function provider(...answers: Answer[]) {
  const seen: { texts: string[]; authorization?: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { input } = JSON.parse(body) as { input: string[] };
    seen.push({ texts: input, authorization: request.headers.authorization });
    response.setHeader("content-type", "application/json");
    answers[Math.min(seen.length, answers.length) - 1]!(input, response, request);
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  close = () => server.closeAllConnections() ?? server.close();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const embedder = createEmbedder(
    { EMBEDDINGS_BASE_URL: url, EMBEDDINGS_API_KEY: "key", EMBEDDINGS_MODEL: "tiny" },
    { retries: 2, timeoutMs: 5_000 },
  )!;
  return { seen, embed: (texts: string[], signal = new AbortController().signal) => embedder.embed(texts, signal) };
}

const item = (index: number, embedding: unknown) => ({ object: "embedding", index, embedding });
const send =
  (data: unknown[]): Answer =>
  (_texts, response) =>
    void response.end(JSON.stringify({ object: "list", model: "tiny", data }));
const fail =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_texts, response) =>
    void response.writeHead(status, headers).end(JSON.stringify({ error: { message: "no" } }));

describe("the embedder", () => {
  test("is absent when nothing is configured", () => {
    expect(createEmbedder({})).toBeNull();
    expect(createEmbedder({ EMBEDDINGS_MODEL: "tiny" })).toBeNull();
    expect(createEmbedder({ EMBEDDINGS_BASE_URL: "http://127.0.0.1:1" })).toBeNull();
  });

  test("gives one vector a text in their order, whatever the order of the answer", async () => {
    const { embed, seen } = await provider(send([item(1, [3, 4]), item(0, [1, 2])]));
    expect(await embed(["привет", "hello"])).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(seen).toEqual([{ texts: ["привет", "hello"], authorization: "Bearer key" }]);
    expect(await embed([])).toEqual([]);
    expect(seen).toHaveLength(1);
  });

  test("asks a busy provider again", async () => {
    const { embed, seen } = await provider(
      fail(429, { "retry-after-ms": "20" }),
      fail(503, { "retry-after": "0" }),
      send([item(0, [1, 2])]),
    );
    expect(await embed(["a"])).toEqual([[1, 2]]);
    expect(seen).toHaveLength(3);
  });

  test("a refusal is final and said once", async () => {
    const { embed, seen } = await provider(fail(401));
    await expect(embed(["a"])).rejects.toMatchObject({ name: "EmbedError", retryable: false });
    expect(seen).toHaveLength(1);
  });

  test.each([
    ["too few", [item(0, [1])]],
    ["a hole", [item(0, [1]), item(0, [2])]],
    ["an index out of range", [item(0, [1]), item(7, [2])]],
    ["null for a number", [item(0, [1]), item(1, [null])]],
    ["text for a number", [item(0, [1]), item(1, ["1"])]],
    ["an empty vector", [item(0, [1]), item(1, [])]],
    ["base64 that was not asked for", [item(0, [1]), item(1, "AACAPw==")]],
  ])("refuses nonsense: %s", async (_what, data) => {
    const { embed } = await provider(send(data));
    await expect(embed(["a", "b"])).rejects.toBeInstanceOf(EmbedError);
  });

  test("refuses vectors whose length changes", async () => {
    const { embed } = await provider(send([item(0, [1, 2])]), send([item(0, [1, 2, 3])]));
    await embed(["a"]);
    await expect(embed(["b"])).rejects.toMatchObject({ retryable: false });
  });

  test("an abort reaches the provider", async () => {
    let gone: () => void;
    const hungUp = new Promise<void>((done) => {
      gone = done;
    });
    const controller = new AbortController();
    const { embed } = await provider((_texts, response) => {
      response.on("close", () => gone());
      controller.abort(new Error("enough"));
    });
    await expect(embed(["a"], controller.signal)).rejects.toThrow("enough");
    await hungUp;
  });
});
