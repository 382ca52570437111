import { randomUUID } from "node:crypto";
import { createParser } from "eventsource-parser";
import type { ChatEvent, VisitorSession } from "../core/chat-events.ts";

/** An event of a running answer and when it reached us (performance.now(), milliseconds). */
export type Arrival = { at: number; id?: string; event: ChatEvent };

/** A visitor of a customer's page, over plain HTTP: what the widget does, without a browser. */
export class Visitor {
  private session?: VisitorSession;
  constructor(
    readonly portal: string,
    readonly agentId: string,
    readonly origin: string = portal,
    private readonly extra: Record<string, string> = {},
  ) {}

  /** What each call of this visitor carries; opens the session first. */
  async headers(): Promise<Record<string, string>> {
    this.session ??= await this.open();
    return { ...this.extra, origin: this.origin, "content-type": "application/json", authorization: `Bearer ${this.session.token}` };
  }

  private async open(): Promise<VisitorSession> {
    const response = await fetch(`${this.portal}/api/v1/agents/${this.agentId}/sessions`, {
      method: "POST",
      headers: { ...this.extra, origin: this.origin, "content-type": "application/json" },
      body: "{}",
    });
    if (!response.ok) throw new Error(`No session: ${response.status} ${await response.text()}`);
    return (await response.json()) as VisitorSession;
  }

  /** Opens the session before the first question, so that a measurement leaves it out. */
  async ready(): Promise<this> {
    await this.headers();
    return this;
  }

  /** Asks and yields every event as it arrives. */
  async *ask(text: string, conversation: string = randomUUID()): AsyncGenerator<Arrival> {
    const response = await fetch(`${this.portal}/api/v1/agents/${this.agentId}/chat`, {
      method: "POST",
      headers: await this.headers(),
      body: JSON.stringify({
        id: conversation,
        messages: [{ id: randomUUID(), role: "user", parts: [{ type: "text", text }] }],
        trigger: "submit-message",
      }),
    });
    if (!response.ok || !response.body) throw new Error(`No answer: ${response.status} ${await response.text()}`);
    const queue: Arrival[] = [];
    const parser = createParser({
      onEvent: ({ id, data }) => {
        if (data !== "[DONE]") queue.push({ at: performance.now(), id, event: JSON.parse(data) as ChatEvent });
      },
    });
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      while (queue.length) yield queue.shift()!;
    }
  }

  /** Asks and returns the whole answer. */
  async answer(text: string, conversation?: string): Promise<{ text: string; events: ChatEvent[] }> {
    const events: ChatEvent[] = [];
    for await (const { event } of this.ask(text, conversation)) events.push(event);
    return { events, text: events.map((event) => (event.type === "text-delta" ? event.delta : "")).join("") };
  }
}
