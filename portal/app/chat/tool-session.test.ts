import { setTimeout as sleep } from "node:timers/promises";
import { agentSettings } from "@gpt-agent/core/agent-settings";
import type { ChatEvent, ToolReply } from "@gpt-agent/core/chat-events";
import { describe, expect, it } from "vitest";
import { Replies } from "./replies.ts";
import { type Actions, ToolSession, type ToolTurn } from "./tool-session.ts";

const parameters = { type: "object", properties: { order: { type: "string" } }, required: ["order"] };
const settings = agentSettings.parse({
  actions: [
    { name: "order_status", description: "Looks an order up", method: "GET", url: "https://shop.example/{order}", parameters },
    {
      name: "cancel_order",
      title: { en: "Cancel the order" },
      description: "Cancels",
      method: "POST",
      url: "https://shop.example/c",
      parameters,
    },
    { name: "off", description: "Not in use", method: "GET", url: "https://shop.example/off", parameters, enabled: false },
  ],
});
const basket = { name: "basket", description: "The basket", parameters: {} };

/** A session over actions that record their calls; `reply` answers each waiting call. */
function session(
  reply: (event: Extract<ChatEvent, { type: "tool-input-available" }>) => ToolReply | undefined,
  turn: Partial<ToolTurn> = {},
) {
  const ran: unknown[] = [];
  const actions: Actions = {
    toolsFor: (of) => of.actions.map(({ name, description }) => ({ name, description, parameters })),
    check: (_, input) => (typeof (input as { order?: unknown }).order === "string" ? null : "order: is missing"),
    run: async (action, input) => {
      ran.push([action.name, input]);
      return (input as { order: string }).order === "bad"
        ? { ok: false, error: "404 Not Found", status: 404 }
        : { ok: true, output: { state: "sent" }, status: 200 };
    },
  };
  const replies = new Replies();
  const whose: ToolTurn = { orgId: "o", agentId: "a", settings, clientTools: [basket], attended: true, locale: "en", ...turn };
  const tools = new ToolSession(whose, actions, replies);
  const abort = new AbortController();
  const call = async (name: string, input: unknown) => {
    const events: { type: string }[] = [];
    const steps = tools.call({ id: "1", name, input }, abort.signal);
    for (;;) {
      const step = await steps.next();
      if (step.done) return { told: step.value, events };
      events.push(step.value);
      if (step.value.type !== "tool-input-available") continue;
      const { toolCallId } = step.value;
      const answer = reply(step.value);
      if (answer) setTimeout(() => replies.deliver(toolCallId, answer), 1);
    }
  };
  return { tools, ran, call, abort };
}
const types = (events: { type: string }[]) => events.map(({ type }) => type);

describe("the tools of an answer", () => {
  it("offers enabled actions and the page's tools; without a visitor only reads", () => {
    expect(session(() => undefined).tools.tools.map(({ name }) => name)).toEqual(["order_status", "cancel_order", "basket"]);
    expect(session(() => undefined, { attended: false }).tools.tools.map(({ name }) => name)).toEqual(["order_status"]);
  });

  it("runs a read at once, and the same call only once", async () => {
    const { call, ran, tools } = session(() => undefined);
    const { told, events } = await call("order_status", { order: "7" });
    expect(told).toBe('{"state":"sent"}');
    expect(types(events)).toEqual(["tool-input-available", "tool-output-available", "dynamic-tool"]);
    expect(events[0]).toMatchObject({ providerExecuted: true, dynamic: true });
    expect(events[0]).not.toHaveProperty("approval");
    expect(await call("order_status", { order: "7" })).toEqual({ told, events: [] });
    expect(ran).toHaveLength(1);
    expect(tools.used).toMatchObject([{ name: "order_status", kind: "server", outcome: "ok", status: 200 }]);
  });

  it("F1: a write waits for the visitor, and is not made without their consent", async () => {
    for (const reply of [{ approved: false }, { output: "yes" }, { errorText: "no" }]) {
      const { call, ran, tools } = session(() => reply);
      const { events, told } = await call("cancel_order", { order: "7" });
      expect(events[0]).toMatchObject({ type: "tool-input-available", approval: "needed", title: "Cancel the order" });
      expect(events[1]).toMatchObject({ type: "tool-output-error", errorText: "Not allowed, so nothing was done." });
      expect(told).toContain("did not allow");
      expect(ran).toEqual([]);
      expect(tools.used).toMatchObject([{ outcome: "declined" }]);
      expect(tools.succeeded).toBe(false);
    }
    const { call, ran } = session(() => ({ approved: true }));
    const { events } = await call("cancel_order", { order: "7" });
    expect(events.map((event) => [event.type, "approval" in event])).toEqual([
      ["tool-input-available", true],
      ["tool-input-available", false],
      ["tool-output-available", false],
      ["dynamic-tool", false],
    ]);
    expect(ran).toEqual([["cancel_order", { order: "7" }]]);
  });

  it("T14: runs nothing that the agent does not have, has switched off, or cannot fill in", async () => {
    const { call, ran } = session(() => ({ approved: true }));
    for (const name of ["off", "delete_everything", "__proto__", "constructor"]) {
      expect(await call(name, { order: "7" })).toEqual({ told: "Refused: there is no such tool.", events: [] });
    }
    expect(await call("order_status", { id: 7 })).toEqual({ told: "order: is missing", events: [] });
    expect(ran).toEqual([]);
  });

  it("tells a failure in plain words, to the model and to the visitor", async () => {
    const { call } = session(() => undefined);
    const { told, events } = await call("order_status", { order: "bad" });
    expect(told).toBe("Failed: 404 Not Found");
    expect(events[1]).toMatchObject({ type: "tool-output-error", errorText: "This did not work." });
  });

  it("lets the page run its own tools", async () => {
    const { call, ran, tools } = session(() => ({ output: ["mug"] }));
    const { told, events } = await call("basket", {});
    expect(told).toBe('["mug"]');
    expect(events[0]).not.toHaveProperty("providerExecuted");
    expect(ran).toEqual([]);
    expect(tools.used).toMatchObject([{ kind: "page", outcome: "ok" }]);
  });

  it("ends a model that goes round in circles", async () => {
    const { call, ran } = session(() => undefined);
    for (let n = 0; n < 20; n++) await call("order_status", { order: String(n) });
    expect(ran).toHaveLength(12);
  });

  it("H4: a stop ends the wait for a visitor", async () => {
    const { call, abort } = session(() => undefined);
    const waiting = call("cancel_order", { order: "7" });
    const stopped = expect(waiting).rejects.toThrow("stopped");
    await sleep(5);
    abort.abort(new Error("stopped"));
    await stopped;
  });
});
