import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { LoggedEvent } from "../chat/run-log/run-log.ts";
import { collect, tellFrom } from "../chat/test-telling.ts";
import { sseResponse, uiMessageFrames } from "./event-stream.ts";

const never = new AbortController().signal;

describe("server-sent events", () => {
  it("sends a comment when nothing happens for a while, and loses nothing around it", async () => {
    async function* frames() {
      yield "data: 1\n\n";
      await sleep(120);
      yield "data: 2\n\n";
    }
    const text = await sseResponse(tellFrom(frames), never, {}, 30).text();
    expect(text).toMatch(/^data: 1\n\n(: ping\n\n)+data: 2\n\n$/);
  });

  it("is driven by its reader: a client that does not read is not read ahead for", async () => {
    let made = 0;
    async function* frames() {
      for (; made < 10_000; made++) yield `data: ${made}\n\n`;
    }
    const response = sseResponse(tellFrom(frames), never);
    const reader = response.body!.getReader();
    for (let n = 0; n < 5; n++) await reader.read();
    await sleep(20);
    expect(made).toBeLessThan(12);
    await reader.cancel();
  });

  it("ends when the client leaves, and lets its source go", async () => {
    const leave = new AbortController();
    let released = false;
    async function* frames() {
      try {
        yield "data: 1\n\n";
        if (!leave.signal.aborted) await new Promise((resolve) => leave.signal.addEventListener("abort", resolve));
      } finally {
        released = true;
      }
    }
    const reader = sseResponse(tellFrom(frames), leave.signal).body!.getReader();
    await reader.read();
    const rest = reader.read();
    leave.abort();
    expect((await rest).done).toBe(true);
    await expect.poll(() => released).toBe(true);
  });

  it("lets a source go that waits for its reader when the client leaves", async () => {
    const leave = new AbortController();
    let released = false;
    async function* frames() {
      try {
        for (;;) yield "data: x\n\n";
      } finally {
        released = true;
      }
    }
    const reader = sseResponse(tellFrom(frames), leave.signal).body!.getReader();
    await reader.read();
    await sleep(10);
    leave.abort();
    await expect.poll(() => released).toBe(true);
  });

  it("gives each event the id to resume after, hides what a run cost, and ends with [DONE]", async () => {
    async function* events() {
      yield LoggedEvent.of(1, { type: "start", messageId: "m" });
      yield LoggedEvent.of(2, {
        type: "data-usage",
        transient: true,
        data: { model: null, promptTokens: 1, completionTokens: 1, costMicros: 9 },
      });
      yield LoggedEvent.of(3, { type: "finish" });
    }
    expect(await collect(uiMessageFrames("run", tellFrom(events), never))).toEqual([
      'id: run:1\ndata: {"type":"start","messageId":"m"}\n\n',
      'id: run:3\ndata: {"type":"finish"}\n\n',
      "data: [DONE]\n\n",
    ]);
  });
});
