// Answers that outlive the portal that writes them, on the platform as `npm start` runs it.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import type { VisitorConversation } from "../core/chat-events.ts";
import { makeAccount, makeAgent } from "./account.ts";
import { startFakeLlm } from "./fakes/llm.ts";
import { type Platform, startPlatform } from "./platform.ts";
import { Visitor } from "./visitor.ts";

test.describe.configure({ timeout: 180_000 });

const WORDS = Array.from({ length: 600 }, (_, n) => `word-${n}`);

test("H5: a portal killed in the middle of an answer loses two seconds of it at most; the visitor is told, and can ask anew", async () => {
  const llm = await startFakeLlm();
  llm.script({ kind: "answer", text: WORDS.join(" "), pauseMs: 20 });
  const platform = await startPlatform({ demo: false, env: { LLM_BASE_URL: llm.url, LLM_API_KEY: "test" } });
  try {
    const agent = await makeAgent(await makeAccount(platform), "Helper");
    const visitor = await new Visitor(platform.url, agent.public_id).ready();
    const id = randomUUID();
    let text = "";
    const reading = (async () => {
      for await (const { event } of visitor.ask("How long is the warranty?", id)) if (event.type === "text-delta") text += event.delta;
    })();
    await expect.poll(() => text.split(" ").length, { timeout: 60_000 }).toBeGreaterThan(150);
    const { pids } = JSON.parse(readFileSync(join(platform.dataFolder, "running.json"), "utf8")) as Platform;
    process.kill(pids.portal, "SIGKILL");
    await expect(reading).rejects.toThrow();
    const seen = text.split(" ").length;

    let conversation: VisitorConversation | undefined;
    await expect
      .poll(
        async () => {
          conversation = await visitor.conversation(id).catch(() => undefined);
          return conversation?.messages.at(-1)?.metadata.status;
        },
        { timeout: 60_000 },
      )
      .toBe("failed");
    const [part] = conversation!.messages.at(-1)!.parts.filter(({ type }) => type === "text") as { text: string }[];
    const kept = part!.text.split(" ").length;
    expect(WORDS.join(" ")).toContain(part!.text);
    // At most fifty words a second were written.
    expect(kept).toBeGreaterThanOrEqual(seen - 2.5 * 50);

    llm.script({ kind: "answer", text: "Ten years." });
    const again = await visitor.regenerate(id);
    expect(again.text).toBe("Ten years.");
    expect((await visitor.conversation(id)).messages.at(-1)!.metadata.status).toBe("complete");
  } finally {
    await platform.stop();
    await llm.close();
  }
});
