import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cite, FakeVisitorApi, hold, text } from "../../e2e/fakes/visitor-api.ts";
import { Chat } from "./chat.ts";
import { ChatClient } from "./chat-client.ts";
import { VisitMemory, type VisitStorage } from "./visit.ts";

let api: FakeVisitorApi;
let kept: Map<string, string>;

beforeEach(async () => {
  api = await new FakeVisitorApi().start();
  kept = new Map();
});
afterEach(() => api.stop());

/** A visitor's chat; another one on the same storage is the same visitor after a reload. */
function visit(): { chat: Chat; announced: string[] } {
  const storage: VisitStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  const memory = new VisitMemory("demo", () => storage);
  const announced: string[] = [];
  const chat = new Chat({
    client: new ChatClient({
      base: api.origin,
      agentId: "demo",
      locale: () => "en",
      token: { get: () => memory.get().token, set: (token) => memory.set({ token }) },
    }),
    visit: memory,
    changed: () => {},
    announce: (name, detail) => announced.push(`${name} ${detail.status ?? detail.code ?? detail.role ?? ""}`.trim()),
  });
  return { chat, announced };
}

const said = (chat: Chat) => chat.conversation.messages.map(({ text, status }) => `${text} (${status})`);
const eventually = (assertion: () => void) => vi.waitFor(assertion, { timeout: 5_000 });

describe("a visitor's chat", () => {
  test("asks and is answered, and is the same after a reload", async () => {
    api.script = () => [cite(1), ...text("Three days [1].")];
    const { chat, announced } = visit();
    await chat.send("How long?");
    expect(said(chat)).toEqual(["How long? (complete)", "Three days [1]. (complete)"]);
    expect(announced).toEqual(["message user", "response-start", "message assistant", "response-end complete"]);
    const later = visit().chat;
    await later.restore();
    expect(said(later)).toEqual(said(chat));
    expect(later.conversation.messages.at(-1)?.citations).toHaveLength(1);
    expect(later.busy).toBe(false);
  });

  test("is one question at a time", async () => {
    const pause = hold();
    api.script = () => [...text("a"), pause.step, ...text("b")];
    const { chat } = visit();
    const first = chat.send("one");
    await chat.send("two");
    pause.release();
    await first;
    expect(chat.conversation.messages).toHaveLength(2);
  });

  test("resumes a broken stream without asking twice", async () => {
    api.script = () => [...text("Before, "), { type: "cut" }, { type: "text-delta", id: "t", delta: "after." }];
    const { chat } = visit();
    await chat.send("Hello");
    expect(said(chat)).toEqual(["Hello (complete)", "Before, after. (complete)"]);
    expect(chat.failure).toBeNull();
  });

  test("asks once more by itself when the connection is lost before the first word, and is answered once", async () => {
    const { chat } = visit();
    api.refuse({ path: /\/chat$/, status: 502, code: "network" });
    await chat.send("Hello");
    expect(said(chat)).toHaveLength(2);
    const keys = api.requests.filter(({ path }) => path.endsWith("/chat")).map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(chat.failure).toBeNull();
  });

  test("fetches the answer when its run ended while the stream was broken", async () => {
    const answered = text("The whole answer");
    api.script = () => [...answered, { type: "cut" }];
    const { chat } = visit();
    await chat.send("Hello");
    expect(said(chat)).toEqual(["Hello (complete)", "The whole answer (complete)"]);
  });

  test("takes up a running answer after a reload, and its failure when it is lost", async () => {
    const pause = hold();
    api.script = () => [...text("Half"), pause.step, { type: "text-delta", id: "t", delta: " and half" }];
    const before = visit().chat;
    const asking = before.send("Hello");
    await eventually(() => expect(before.conversation.messages.at(-1)?.text).toBe("Half"));
    before.dispose();
    await asking;
    const after = visit().chat;
    const restoring = after.restore();
    await eventually(() => expect(after.conversation.messages.at(-1)?.text).toBe("Half"));
    expect(after.busy).toBe(true);
    pause.release();
    await restoring;
    expect(said(after)).toEqual(["Hello (complete)", "Half and half (complete)"]);

    const [conversation] = api.conversations.values();
    conversation!.run = undefined;
    conversation!.messages.at(-1)!.metadata.status = "streaming";
    const lost = visit().chat;
    await lost.restore();
    expect(lost.failure).toEqual({ code: "interrupted", retryAt: undefined });
    expect(lost.busy).toBe(false);
  });

  test("after a lost connection, an answer that was made meanwhile is shown and not asked for again", async () => {
    const { chat } = visit();
    await chat.send("First");
    api.refuse({ path: /\/chat$/, status: 502, code: "network", times: 2 });
    await chat.send("Second");
    expect(chat.failure?.code).toBe("network");
    const [conversation] = api.conversations.values();
    const asked = chat.conversation.messages.at(-1)!;
    const metadata = { createdAt: "", status: "complete", author: "visitor" } as const;
    conversation!.messages.push({ id: asked.id, role: "user", parts: [{ type: "text", text: "Second" }], metadata });
    conversation!.messages.push({
      id: "made",
      role: "assistant",
      parts: [{ type: "text", text: "Made meanwhile" }],
      metadata: { ...metadata, author: "agent" },
    });
    await chat.retry();
    expect(said(chat).at(-1)).toBe("Made meanwhile (complete)");
    expect(api.calls.filter((call) => call.endsWith("/chat"))).toHaveLength(3);
    expect(chat.busy).toBe(false);
  });

  test("after a lost connection, a question that never arrived is asked again under its own id", async () => {
    const { chat } = visit();
    api.refuse({ path: /\/chat$/, status: 502, code: "network", times: 2 });
    await chat.send("Hello");
    await chat.retry();
    expect(said(chat)).toEqual(["Hello (complete)", "You asked: Hello (complete)"]);
    const ids = api.requests.filter(({ path }) => path.endsWith("/chat")).map(({ body }) => (body.messages as { id: string }[])[0]?.id);
    expect(new Set(ids).size).toBe(1);
  });

  test("a stop before the first word, or in the middle, leaves a chat that goes on", async () => {
    api.script = () => [...text("Half"), hold().step];
    const { chat, announced } = visit();
    const asking = chat.send("Hello");
    await eventually(() => expect(chat.conversation.messages.at(-1)?.text).toBe("Half"));
    chat.stop();
    expect(chat.busy).toBe(false);
    expect(said(chat).at(-1)).toBe("Half (stopped)");
    await asking;
    expect(announced.filter((name) => name.startsWith("response-end"))).toEqual(["response-end stopped"]);
    api.script = () => text("Next");
    const early = chat.send("Stop at once");
    chat.stop();
    await early;
    await chat.send("And now?");
    expect(said(chat).at(-1)).toBe("Next (complete)");
    expect(chat.failure).toBeNull();
  });

  test("leaving for another conversation lets the old answer end without it", async () => {
    const pause = hold();
    api.script = (question) => (question === "slow" ? [...text("slow "), pause.step, ...text("end")] : text("quick"));
    const { chat } = visit();
    const slow = chat.send("slow");
    await eventually(() => expect(chat.conversation.messages.at(-1)?.text).toBe("slow "));
    const first = chat.conversation.id;
    chat.newConversation();
    await chat.send("fast");
    pause.release();
    await slow;
    expect(said(chat)).toEqual(["fast (complete)", "quick (complete)"]);
    await chat.openConversation(first);
    await eventually(() => expect(said(chat).at(-1)).toBe("slow \n\nend (complete)"));
    expect(chat.history.map(({ title }) => title)).toContain("fast");
  });

  test("an unknown conversation becomes a new one; one that cannot be reached can be tried again", async () => {
    const { chat } = visit();
    await chat.openConversation("gone");
    expect(chat.conversation.messages).toEqual([]);
    expect(chat.failure).toBeNull();
    await chat.send("Hello");
    const { id } = chat.conversation;
    chat.newConversation();
    api.refuse({ path: /GET .*conversations/, status: 503, code: "unavailable" });
    await chat.openConversation(id);
    expect(chat.failure?.code).toBe("unavailable");
    await chat.retry();
    expect(said(chat)).toHaveLength(2);
  });

  test("a rating that could not be sent is taken back", async () => {
    const { chat } = visit();
    await chat.send("Hello");
    const answer = chat.conversation.messages.at(-1)!;
    api.refuse({ path: /feedback/, status: 503, code: "unavailable" });
    await chat.rate(answer, "up");
    expect(chat.conversation.messages.at(-1)?.rating).toBeUndefined();
    await chat.rate(answer, "up");
    expect(chat.conversation.messages.at(-1)?.rating).toBe("up");
  });

  test("forgets a conversation on both sides", async () => {
    const { chat } = visit();
    await chat.send("Hello");
    await chat.forget();
    expect(chat.conversation.messages).toEqual([]);
    expect(api.conversations.size).toBe(0);
    expect(JSON.parse(kept.get("gpt-agent:demo")!).conversationId).toBeUndefined();
  });
});
