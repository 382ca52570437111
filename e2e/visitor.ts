import { randomUUID } from "node:crypto";
import { createParser } from "eventsource-parser";
import type { ChatEvent, ToolReply, VisitorConversation, VisitorSession } from "../core/chat-events.ts";

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
    const messages = [{ id: randomUUID(), role: "user", parts: [{ type: "text", text }] }];
    const body = { id: conversation, messages, trigger: "submit-message" };
    yield* this.read(await this.call(`agents/${this.agentId}/chat`, { method: "POST", body: JSON.stringify(body) }));
  }

  /** Goes on reading a running answer after an event. */
  async *resume(conversation: string, lastEventId: string): AsyncGenerator<Arrival> {
    const response = await this.call(`chat/${conversation}/stream`, { headers: { "last-event-id": lastEventId } });
    if (response.status === 200) yield* this.read(response);
  }

  /** Has the newest answer written anew, and returns it. */
  async regenerate(conversation: string): Promise<{ text: string; events: ChatEvent[] }> {
    const body = { id: conversation, messages: [{}], trigger: "regenerate-message" };
    return whole(this.read(await this.call(`agents/${this.agentId}/chat`, { method: "POST", body: JSON.stringify(body) })));
  }

  /** Stops the running answer of a conversation. */
  async stop(conversation: string): Promise<void> {
    await this.call(`chat/${conversation}/stop`, { method: "POST" });
  }

  /** Answers a tool call that waits: the visitor's consent, or what a tool of their page gave. */
  async replyToTool(conversation: string, toolCallId: string, reply: ToolReply): Promise<void> {
    await this.call(`chat/${conversation}/tools/${toolCallId}`, { method: "POST", body: JSON.stringify(reply) });
  }

  async conversation(id: string): Promise<VisitorConversation> {
    return (await (await this.call(`conversations/${id}`)).json()) as VisitorConversation;
  }

  /** @throws when the answer is an error */
  private async call(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.portal}/api/v1/${path}`, { ...init, headers: { ...(await this.headers()), ...init.headers } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  private async *read(response: Response): AsyncGenerator<Arrival> {
    const queue: Arrival[] = [];
    const parser = createParser({
      onEvent: ({ id, data }) => {
        if (data !== "[DONE]") queue.push({ at: performance.now(), id, event: JSON.parse(data) as ChatEvent });
      },
    });
    const decoder = new TextDecoder();
    const reader = response.body!.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        parser.feed(decoder.decode(value, { stream: true }));
        while (queue.length) yield queue.shift()!;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** Asks and returns the whole answer. */
  answer(text: string, conversation?: string): Promise<{ text: string; events: ChatEvent[] }> {
    return whole(this.ask(text, conversation));
  }
}

async function whole(arrivals: AsyncIterable<Arrival>): Promise<{ text: string; events: ChatEvent[] }> {
  const events: ChatEvent[] = [];
  for await (const { event } of arrivals) events.push(event);
  return { events, text: events.map((event) => (event.type === "text-delta" ? event.delta : "")).join("") };
}
