import type { ChatEvent, ConversationMessage } from "@gpt-agent/core/chat-events";
import { MAX_MESSAGE_LENGTH as CORE_MAX_MESSAGE_LENGTH } from "@gpt-agent/core/limits";
import { describe, expect, test } from "vitest";
import {
  askedAgain,
  type Conversation,
  emptyConversation,
  ended,
  fromHistory,
  MAX_MESSAGE_LENGTH,
  reduce,
  withQuestion,
  withRating,
  withTool,
  words,
} from "./conversation.ts";

const question = { id: "q1", text: "How long?", createdAt: "2026-01-01T00:00:00Z" };
const citation = { index: 1, sourceId: "s", title: "Delivery", quote: "three days", start: 0, end: 10 };
const play = (from: Conversation, ...events: ChatEvent[]) => events.reduce(reduce, from);
const delta = (text: string, id = "t"): ChatEvent => ({ type: "text-delta", id, delta: text });
const asked = withQuestion(emptyConversation("c"), question);

describe("a conversation", () => {
  test("limits messages as the server does", () => {
    expect(MAX_MESSAGE_LENGTH).toBe(CORE_MAX_MESSAGE_LENGTH);
  });

  test("waits after a question, answers, and comes to rest", () => {
    expect(asked.phase).toBe("waiting");
    const answering = play(asked, { type: "start", messageId: "a1" }, { type: "text-start", id: "t" }, delta("Three "));
    expect(answering.phase).toBe("answering");
    const done = play(answering, delta("days"), { type: "text-end", id: "t" }, { type: "finish", finishReason: "stop" });
    expect(done.phase).toBe("idle");
    expect(done.messages.map(({ author, text, status }) => [author, text, status])).toEqual([
      ["visitor", "How long?", "complete"],
      ["agent", "Three days", "complete"],
    ]);
  });

  test("takes citations before or after their text, in any order, once each", () => {
    const done = play(
      asked,
      { type: "start", messageId: "a1" },
      { type: "data-citation", id: "c2", data: { ...citation, index: 2 } },
      delta("a [1] b [2]"),
      { type: "data-citation", id: "c1", data: citation },
      { type: "data-citation", id: "c1", data: { ...citation, title: "Newer" } },
      { type: "data-suggestions", data: { questions: ["And abroad?"] } },
      { type: "data-grounding", data: { supported: true, responder: "quotes", fallback: true } },
      { type: "finish" },
    );
    const answer = done.messages.at(-1);
    expect(answer?.citations.map(({ index, title }) => [index, title])).toEqual([
      [1, "Newer"],
      [2, "Delivery"],
    ]);
    expect(answer?.suggestions).toEqual(["And abroad?"]);
    expect(answer?.fallback).toBe(true);
  });

  test("makes several text parts paragraphs of their own", () => {
    const done = play(
      asked,
      { type: "start", messageId: "a1" },
      { type: "text-start", id: "1" },
      delta("One"),
      { type: "text-end", id: "1" },
      { type: "text-start", id: "2" },
      delta("Two"),
      delta("!"),
    );
    expect(done.messages.at(-1)?.text).toBe("One\n\nTwo!");
  });

  test("starts a resumed answer over when it is told from its start, and goes on when it is not", () => {
    const partial = play(asked, { type: "start", messageId: "a1" }, delta("One "));
    expect(play(partial, delta("two")).messages.at(-1)?.text).toBe("One two");
    const retold = play(partial, { type: "start", messageId: "a1" }, delta("One "), delta("two"));
    expect(retold.messages.map(({ text }) => text)).toEqual(["How long?", "One two"]);
  });

  test("keeps the partial text of stopped and failed answers", () => {
    const partial = play(asked, { type: "start", messageId: "a1" }, delta("Half"));
    for (const [event, status] of [
      [{ type: "abort" }, "stopped"],
      [{ type: "error", errorText: "x" }, "failed"],
      [{ type: "finish", finishReason: "error" }, "failed"],
    ] as [ChatEvent, string][]) {
      const done = play(partial, event, { type: "finish", finishReason: "other" });
      expect(done.messages.at(-1)).toMatchObject({ text: "Half", status });
      expect(done.phase).toBe("idle");
    }
    expect(ended(asked, "failed")).toMatchObject({ phase: "idle", messages: [{ id: "q1" }] });
  });

  test("keeps the old answer in view until the new one starts", () => {
    const done = play(asked, { type: "start", messageId: "a1" }, delta("Old"), { type: "finish" });
    const again = askedAgain(done);
    expect(again).toMatchObject({ phase: "waiting", replacing: "a1" });
    expect(again.messages).toHaveLength(2);
    expect(play(again, { type: "start", messageId: "a2" }).messages.map(({ id }) => id)).toEqual(["q1", "a2"]);
    // A failure before the new one starts leaves the old one as it was.
    expect(ended(again, "failed").messages.at(-1)).toMatchObject({ text: "Old", status: "complete" });
    expect(askedAgain(asked).replacing).toBeUndefined();
  });

  test("follows a tool call from the visitor's consent to its end", () => {
    const call: ChatEvent = {
      type: "tool-input-available",
      toolCallId: "t1",
      toolName: "cancelOrder",
      input: { order_id: 7 },
      dynamic: true,
      providerExecuted: true,
    };
    const tools = (conversation: Conversation) => conversation.messages.at(-1)?.tools;
    const asking = play(asked, { type: "start", messageId: "a1" }, { ...call, title: "Cancel the order", approval: "needed" });
    expect(tools(asking)).toEqual([{ id: "t1", title: "Cancel the order", input: { order_id: 7 }, state: "asking" }]);
    expect(tools(withTool(asking, "t1", { state: "running" }))?.[0]?.state).toBe("running");
    // Told again without a question: the visitor has agreed, here or elsewhere.
    expect(tools(play(asking, call))).toEqual([{ id: "t1", title: "cancel order", input: { order_id: 7 }, state: "running" }]);
    expect(tools(play(asking, { type: "tool-output-available", toolCallId: "t1", output: {}, dynamic: true }))?.[0]?.state).toBe("done");
    const refused = play(asking, { type: "tool-output-error", toolCallId: "t1", errorText: "Not allowed.", dynamic: true });
    expect(tools(refused)).toMatchObject([{ state: "failed", errorText: "Not allowed." }]);
    // What ends with its answer can no longer be agreed to.
    expect(tools(ended(asking, "stopped"))).toMatchObject([{ state: "failed" }]);
    expect(tools(play(asking, { type: "finish" }))).toMatchObject([{ state: "failed" }]);
    expect(play(asked, call)).toEqual(asked);
    expect(play(asking, { type: "tool-output-available", toolCallId: "other", output: {}, dynamic: true })).toEqual(asking);
    // Told from its start, each call is there once.
    const again = play(asking, call, { type: "start", messageId: "a1" }, call, call);
    expect(tools(again)).toHaveLength(1);
    expect(["order_id", "orderId", "show-me"].map(words)).toEqual(["order id", "order id", "show me"]);
  });

  test("ignores events of kinds it does not know, and words without an answer", () => {
    const strange = { type: "data-from-the-future", data: {} } as unknown as ChatEvent;
    expect(reduce(asked, strange)).toBe(asked);
    expect(play(asked, delta("lost")).messages).toEqual(asked.messages);
  });

  test("reads what the API keeps", () => {
    const kept: ConversationMessage[] = [
      { id: "q", role: "user", parts: [{ type: "text", text: "Hi" }], metadata: { createdAt: "x", status: "complete", author: "visitor" } },
      {
        id: "a",
        role: "assistant",
        parts: [
          { type: "data-citation", id: "c", data: citation },
          { type: "text", text: "One [1]." },
          { type: "text", text: "Two." },
          {
            type: "dynamic-tool",
            toolName: "find_order",
            toolCallId: "t1",
            state: "output-available",
            input: { id: 7 },
            output: "sent",
            providerExecuted: true,
          },
          { type: "dynamic-tool", toolName: "x", toolCallId: "t2", title: "Pay", state: "output-error", input: null, errorText: "No." },
          { type: "dynamic-tool", toolName: "of_the_page", toolCallId: "t3", state: "output-available", input: {}, output: 1 },
          { type: "data-suggestions", data: { questions: ["More?"] } },
        ],
        metadata: { createdAt: "y", status: "stopped", author: "agent", rating: "up" },
      },
    ];
    const read = fromHistory("c", { messages: kept });
    expect(read.messages[1]).toMatchObject({
      author: "agent",
      text: "One [1].\n\nTwo.",
      status: "stopped",
      rating: "up",
      suggestions: ["More?"],
      tools: [
        { id: "t1", title: "find order", input: { id: 7 }, state: "done" },
        { id: "t2", title: "Pay", input: null, state: "failed", errorText: "No." },
        { id: "t3", title: "", state: "done" },
      ],
    });
    expect(withRating(read, "a", "down").messages[1]?.rating).toBe("down");
  });
});
