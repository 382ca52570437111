import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cite, FakeVisitorApi, hold, type Step, text, toolCall, toolEnd } from "../../e2e/fakes/visitor-api.ts";
import { Chat } from "./chat.ts";
import { ChatClient } from "./chat-client.ts";
import type { PageTools } from "./page-tools.ts";
import { VisitMemory, type VisitStorage } from "./visit.ts";

let api: FakeVisitorApi;
let kept: Map<string, string>;
/** Who the page says is there. */
let identity: string | undefined;

beforeEach(async () => {
  api = await new FakeVisitorApi().start();
  kept = new Map();
  identity = undefined;
});
afterEach(() => api.stop());

/** A visitor's chat; another one on the same storage is the same visitor after a reload. */
function visit(tools?: PageTools): { chat: Chat; announced: string[] } {
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
      identity: async () => identity,
    }),
    visit: memory,
    changed: () => {},
    announce: (name, detail) => announced.push(`${name} ${detail.status ?? detail.code ?? detail.role ?? detail.name ?? ""}`.trim()),
    tools: () => tools,
    online: async () => {},
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
    await eventually(() => expect(after.busy).toBe(true));
    pause.release();
    await restoring;
    expect(said(after)).toEqual(["Hello (complete)", "Half and half (complete)"]);

    const [conversation] = api.conversations.values();
    conversation!.run = undefined;
    conversation!.messages.at(-1)!.metadata.status = "streaming";
    const lost = visit().chat;
    await lost.restore();
    expect(lost.failure).toMatchObject({ code: "interrupted", retryAt: undefined });
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

  test("an answer whose process died keeps what was seen of it, says so, and is made anew on request", async () => {
    api.script = (_question, asked) => (asked === 1 ? [...text("Seen by the visitor"), hold().step] : text("Whole"));
    const { chat, announced } = visit();
    const asking = chat.send("Hello");
    await eventually(() => expect(chat.conversation.messages.at(-1)?.text).toBe("Seen by the visitor"));
    api.crash(4);
    await asking;
    expect(said(chat)).toEqual(["Hello (complete)", "Seen by the visitor (failed)"]);
    expect(chat.failure?.code).toBe("answer_failed");
    expect(announced.slice(-2)).toEqual(["response-end failed", "error answer_failed"]);
    const later = visit().chat;
    await later.restore();
    expect(said(later)).toEqual(["Hello (complete)", "Seen (failed)"]);
    await chat.retry();
    expect(said(chat)).toEqual(["Hello (complete)", "Whole (complete)"]);
    expect(api.requests.at(-1)?.body).toMatchObject({ trigger: "regenerate-message" });
  });

  test("another tab shows a question asked elsewhere, and its answer as it grows", async () => {
    const { chat } = visit();
    await chat.send("First");
    const other = visit().chat;
    await other.restore();
    const pause = hold();
    api.script = () => [...text("Half"), pause.step, { type: "text-delta", id: "t", delta: " and half" }];
    const asking = chat.send("Second");
    await eventually(() => expect(chat.conversation.messages.at(-1)?.text).toBe("Half"));
    expect(JSON.parse(kept.get("gpt-agent:demo")!).answerId).toBe(chat.conversation.messages.at(-1)?.id);
    const refreshing = other.refresh();
    await eventually(() => expect(said(other).at(-1)).toBe("Half (streaming)"));
    pause.release();
    await Promise.all([asking, refreshing]);
    expect(said(other)).toEqual(said(chat));
  });

  test("takes the newest titles when the history is opened", async () => {
    const { chat } = visit();
    await chat.send("how long does it take to get to me");
    await chat.loadHistory();
    api.conversations.get(chat.conversation.id)!.title = "Delivery times";
    await chat.loadHistory();
    expect(chat.history.map(({ title }) => title)).toEqual(["Delivery times"]);
  });

  test("what the history lists stays in its place when the server's list comes, and what is new comes after it", async () => {
    const { chat } = visit();
    await chat.send("First");
    chat.newConversation();
    await chat.send("Second");
    const shown = chat.history.map(({ id }) => id);
    const elsewhere = visit().chat;
    elsewhere.newConversation();
    await elsewhere.send("Third");
    await chat.loadHistory();
    expect(chat.history.map(({ title }) => title)).toEqual(["Second", "First", "Third"]);
    expect(chat.history.slice(0, 2).map(({ id }) => id)).toEqual(shown);
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

describe("tools", () => {
  const cancel = toolCall("cancel_order", { order: 7 }, { title: "Cancel the order", approval: "needed", providerExecuted: true });
  const asks: Step = {
    type: "wait",
    toolCallId: cancel.toolCallId,
    next: (reply) => [toolEnd(cancel, reply && "approved" in reply && reply.approved ? undefined : "Not allowed."), ...text("Well.")],
  };
  const tool = (chat: Chat) => chat.conversation.messages.at(-1)?.tools.at(-1);

  test("an action waits for the visitor, whose answer is sent once", async () => {
    api.script = () => [cancel, asks];
    for (const [approved, end] of [
      [true, { state: "done" }],
      [false, { state: "failed", errorText: "Not allowed." }],
    ] as const) {
      const { chat } = visit();
      const asking = chat.send("Cancel it");
      await eventually(() => expect(tool(chat)?.state).toBe("asking"));
      await Promise.all([chat.decide(cancel.toolCallId, approved), chat.decide(cancel.toolCallId, !approved)]);
      await asking;
      expect(tool(chat)).toMatchObject(end);
      expect(api.replies.splice(0)).toEqual([{ toolCallId: cancel.toolCallId, reply: { approved } }]);
    }
  });

  test("a consent that does not get through can be given again; one that nobody waits for any more is over", async () => {
    api.script = () => [cancel, asks];
    const { chat } = visit();
    const asking = chat.send("Cancel it");
    await eventually(() => expect(tool(chat)?.state).toBe("asking"));
    api.refuse({ path: /tools/, status: 503, code: "unavailable" });
    await chat.decide(cancel.toolCallId, true);
    expect(tool(chat)).toMatchObject({ state: "asking", unsent: true });
    api.giveUp(cancel.toolCallId);
    await asking;
    expect(tool(chat)).toMatchObject({ state: "failed", errorText: "Not allowed." });
    await chat.decide(cancel.toolCallId, true);
    expect(api.replies).toEqual([]);
  });

  test("a consent survives a reload, and another tab sees what became of it", async () => {
    api.script = () => [cancel, asks];
    const before = visit().chat;
    const left = before.send("Cancel it");
    await eventually(() => expect(tool(before)?.state).toBe("asking"));
    before.dispose();
    await left;
    const [one, two] = [visit().chat, visit().chat];
    const restoring = [one.restore(), two.restore()];
    await eventually(() => expect([tool(one)?.state, tool(two)?.state]).toEqual(["asking", "asking"]));
    await one.decide(cancel.toolCallId, true);
    await Promise.all(restoring);
    expect([tool(one)?.state, tool(two)?.state]).toEqual(["done", "done"]);
    expect(said(one)).toEqual(said(two));
  });

  const basket = toolCall("basket", { page: 1 });
  const runs = (call = basket): Step[] => [
    call,
    {
      type: "wait",
      toolCallId: call.toolCallId,
      next: (reply) => [toolEnd(call, reply && "output" in reply ? undefined : "This did not work."), ...text(JSON.stringify(reply), 99)],
    },
  ];

  test("the page runs its tool once, in the tab that has asked, also when the call is told again", async () => {
    api.script = () => [basket, { type: "cut" }, ...runs().slice(1)];
    const pause = hold();
    const inputs: unknown[] = [];
    const run = async (input: unknown) => {
      inputs.push(input);
      await (pause.step as { until: Promise<void> }).until;
      return { items: ["mug"] };
    };
    const tools = { basket: { description: "The basket", parameters: { type: "object" }, run } };
    const { chat, announced } = visit(tools);
    const asking = chat.send("What is in it?");
    await eventually(() => expect(inputs).toHaveLength(1));
    const other = visit(tools);
    const restoring = other.chat.restore();
    await eventually(() => expect(tool(other.chat)?.state).toBe("running"));
    pause.release();
    await Promise.all([asking, restoring]);
    expect(inputs).toEqual([{ page: 1 }]);
    expect(api.replies).toEqual([{ toolCallId: "call-basket", reply: { output: { items: ["mug"] } } }]);
    expect(announced.filter((name) => name.startsWith("tool-call"))).toEqual(["tool-call basket"]);
    expect(other.announced.join()).not.toContain("tool-call");
    const sent = api.requests.find(({ path }) => path.endsWith("/chat"))?.body;
    expect(sent?.clientTools).toEqual([{ name: "basket", description: "The basket", parameters: { type: "object" } }]);
  });

  test("a call that is over by the time it is told is not run", async () => {
    const run = vi.fn();
    api.script = () => [basket, toolEnd(basket, "Too late."), ...text("Well.")];
    const { chat } = visit({ basket: { description: "", run } });
    await chat.send("What is in it?");
    await new Promise((later) => setTimeout(later, 20));
    expect(run).not.toHaveBeenCalled();
  });

  test("a tool that hangs is given up by the server, and what it says then is dropped", async () => {
    let finish: ((output: unknown) => void) | undefined;
    api.script = () => runs();
    const hangs = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const { chat } = visit({ basket: { description: "", run: hangs } });
    const asking = chat.send("What is in it?");
    await eventually(() => expect(finish).toBeDefined());
    api.giveUp(basket.toolCallId);
    await asking;
    expect(tool(chat)).toMatchObject({ state: "failed", errorText: "This did not work." });
    finish?.("late");
    await eventually(() => expect(api.calls.at(-1)).toMatch(/tools/));
    expect(chat.failure).toBeNull();
  });
});

describe("a visitor whom the page names", () => {
  test("goes on with the open conversation under that name, on this device and others", async () => {
    const { chat } = visit();
    await chat.send("How long?");
    identity = "anna";
    await chat.identified();
    expect(said(chat)).toHaveLength(2);
    expect([...api.conversations.values()].map(({ owner }) => owner)).toEqual(["verified anna"]);
    kept.clear();
    const elsewhere = visit().chat;
    await elsewhere.loadHistory();
    expect(elsewhere.history.map(({ id }) => id)).toEqual([chat.conversation.id]);
  });

  test("who is somebody else now sees nothing of the conversation before", async () => {
    identity = "anna";
    const { chat, announced } = visit();
    await chat.send("How long?");
    identity = "boris";
    await chat.identified();
    expect(said(chat)).toEqual([]);
    expect(announced.at(-1)).toBe("thread-change");
  });

  test("is named anew with each session, and a page that names nobody is told when it has to", async () => {
    identity = "anna";
    const { chat } = visit();
    await chat.send("How long?");
    api.expireSessions();
    await chat.send("And abroad?");
    const sessions = api.requests.filter(({ path }) => path.endsWith("/sessions"));
    expect(sessions.map(({ body }) => (body as { identityToken?: string }).identityToken)).toEqual(["anna", "anna"]);
    identity = undefined;
    api.enforce = true;
    const stranger = visit();
    await stranger.chat.send("Hello?");
    expect(stranger.chat.failure?.code).toBe("unauthenticated");
    expect(stranger.announced.at(-1)).toBe("error unauthenticated");
  });
});

describe("asking for a person", () => {
  test("leaves a note in the conversation that is there after a reload, also as its first message", async () => {
    const { chat } = visit();
    await chat.tell("handoff", {});
    await chat.refresh();
    expect(chat.conversation.messages.map(({ author }) => author)).toEqual(["system"]);
    const later = visit().chat;
    await later.restore();
    expect(later.conversation.messages.map(({ author }) => author)).toEqual(["system"]);
    await later.send("How long?");
    expect(said(later)).toHaveLength(3);
    expect(later.failure).toBeNull();
  });
});
