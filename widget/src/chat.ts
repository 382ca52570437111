import type { CitedPassage, VisitorSession } from "@gpt-agent/core/chat-events";
import { AnswerStream, isLostConnection } from "./answer-stream.ts";
import { type ChatClient, ChatProblem, interrupted, type Question, type Received } from "./chat-client.ts";
import {
  askedAgain,
  type Conversation,
  emptyConversation,
  ended,
  fromHistory,
  type Message,
  reduce,
  type ToolCall,
  withQuestion,
  withRating,
  withTool,
} from "./conversation.ts";
import { newId } from "./new-id.ts";
import { offeredTools, type PageTools, runPageTool } from "./page-tools.ts";
import type { VisitMemory } from "./visit.ts";

/** How long a stopped stream may take to end by itself, in ms. */
const STOP_PATIENCE = 1_500;

/** What stands in the way, as the panel shows it. `retryAt` is in ms since 1970; support finds what happened by `requestId`. */
export type Failure = { code: string; retryAt?: number; requestId?: string | null };

/** What the page hears about (the element's events without their prefix). */
export type Announce = (name: string, detail: Record<string, unknown>) => void;

type CalledTool = Extract<Received["event"], { type: "tool-input-available" }>;

type Options = {
  client: ChatClient;
  visit: VisitMemory;
  /** Something that is shown has changed. */
  changed(): void;
  announce: Announce;
  /** What the page can do, as it says now. */
  tools(): PageTools | undefined;
  /** Resolves at once, or when the browser is online again. */
  online(): Promise<unknown>;
};

/** An answer that is being followed. `own`: this tab has asked for it. */
type Run = { stream: AnswerStream; own: boolean; stopped: boolean };

/** One visitor's talk with one agent: what has been said, and all that can be done about it. Knows nothing of the DOM. */
export class Chat {
  conversation: Conversation;
  failure: Failure | null = null;
  /** Earlier conversations, newest first but for those that came up elsewhere meanwhile; known once there is a session. */
  history: VisitorSession["conversations"] = [];
  /** A kept conversation is being fetched. */
  loading = false;
  /** Resolves when the fetch of a kept conversation has ended, well or not. */
  loaded: Promise<void> = Promise.resolve();
  readonly #options: Options;
  #prepared = false;
  #stopping: Promise<void> = Promise.resolve();
  #run?: Run;
  /** The newest answer that this tab has asked for: what it wants from the page is done here. */
  #ownAnswer = "";
  readonly #ranTools = new Set<string>();

  constructor(options: Options) {
    this.#options = options;
    this.conversation = emptyConversation(options.visit.get().conversationId ?? newId());
  }

  /** The visitor is known by name now, or no longer: what is shown is theirs, or goes. */
  async identified(): Promise<void> {
    this.#options.client.drop();
    this.#prepared = false;
    if (!this.busy && this.conversation.messages.length > 0) await this.openConversation(this.conversation.id);
  }

  /** Asks for a person in this conversation, leaves contact details, or ends it. */
  async tell(what: "handoff" | "lead" | "end", body: unknown): Promise<void> {
    const { id } = this.conversation;
    await this.#options.client.tell(id, what, body);
    if (what !== "end") this.#options.visit.set({ conversationId: id });
  }

  get busy(): boolean {
    return this.conversation.phase !== "idle";
  }

  /** Asks; does nothing while an answer is running. Resolves when the answer has ended, well or not. */
  async send(text: string): Promise<void> {
    if (this.busy || this.loading) return;
    const question = { id: newId(), text, createdAt: new Date().toISOString() };
    this.#show(withQuestion(this.conversation, question));
    this.#options.visit.set({ conversationId: this.conversation.id });
    this.#options.announce("message", { id: question.id, role: "user", text });
    await this.#ask();
  }

  /** The visitor has begun to write: the session is made meanwhile, so that it does not hold up the first answer. */
  prepare(): void {
    if (this.#prepared) return;
    this.#prepared = true;
    // A failure shows when the question is sent.
    this.#options.client.session().catch(() => {});
  }

  /** Makes the last answer anew. */
  async regenerate(): Promise<void> {
    if (this.busy || !this.#lastQuestion) return;
    await this.#again();
  }

  /** After a failure: what was lost once more. An answer that went on without us is not asked for twice. */
  async retry(): Promise<void> {
    if (this.busy || this.loading) return;
    if (!this.#lastQuestion) return this.openConversation(this.conversation.id);
    const unheard = isLostConnection(this.failure);
    this.failure = null;
    this.#show({ ...this.conversation, phase: "waiting" });
    if (unheard && (await this.#catchUp())) return;
    await this.#again();
  }

  /** Ends the running answer, here and at the model; what has been written stays. */
  stop(): void {
    const run = this.#run;
    if (!run || run.stopped) return;
    run.stopped = true;
    const answer = this.conversation.messages.at(-1);
    this.#show(ended(this.conversation, "stopped"));
    if (answer?.status === "streaming")
      this.#options.announce("response-end", { messageId: answer.id, status: "stopped", text: answer.text });
    this.#stopping = this.#options.client.stop(this.conversation.id).catch(() => {});
    this.#stopping.finally(() => setTimeout(() => run.stream.leave(), run.stream.lastEventId ? STOP_PATIENCE : 0));
  }

  /**
   * The visitor's earlier conversations as the server knows them. What is listed already stays where it is, for somebody may be about to
   * press it; what is new comes after it.
   */
  async loadHistory(): Promise<void> {
    const conversations = await this.#options.client.conversations();
    const known = new Map([...this.history, ...conversations].map((entry) => [entry.id, entry]));
    this.history = [...known.values()];
    this.#options.changed();
  }

  /** Brings back the conversation of the last visit, and takes up its answer if that still runs. */
  async restore(): Promise<void> {
    const id = this.#options.visit.get().conversationId;
    if (id) await this.openConversation(id);
  }

  /** Another tab has gone on with this conversation: shows what was said there, and the answer that runs. */
  async refresh(): Promise<void> {
    if (this.busy || this.loading) return;
    const { id } = this.conversation;
    const kept = await this.#options.client.conversation(id).catch(() => null);
    if (!kept || this.conversation.id !== id || this.busy || this.loading) return;
    this.failure = null;
    this.#show(fromHistory(id, kept));
    await this.#takeUp();
  }

  /** The connection is known to be dead before it says so: the answer is taken up again over a new one. */
  reconnect(): void {
    this.#run?.stream.reconnect();
  }

  /** The visitor lets an action that waits for them be done, or does not. */
  async decide(toolCallId: string, approved: boolean): Promise<void> {
    if (this.#tool(toolCallId)?.state !== "asking") return;
    this.#show(withTool(this.conversation, toolCallId, { state: approved ? "running" : "failed", unsent: false }));
    const decided = this.#tool(toolCallId);
    await this.#options.client.reply(this.conversation.id, toolCallId, { approved }).catch(() => {
      // Whatever the stream has told since then is newer.
      if (this.#run && this.#tool(toolCallId) === decided)
        this.#show(withTool(this.conversation, toolCallId, { state: "asking", unsent: true }));
    });
  }

  /** Shows another of the visitor's conversations, or an empty one when the server does not know `id`. */
  async openConversation(id: string): Promise<void> {
    this.#leave();
    this.loading = true;
    let ended = () => {};
    this.loaded = new Promise((resolve) => {
      ended = resolve;
    });
    this.#show(emptyConversation(id));
    try {
      const kept = await this.#options.client.conversation(id);
      if (this.conversation.id !== id) return;
      this.loading = false;
      this.#options.visit.set({ conversationId: id });
      this.#show(fromHistory(id, kept));
    } catch (problem) {
      if (this.conversation.id !== id) return;
      this.loading = false;
      if (problem instanceof ChatProblem && problem.code === "not_found") this.newConversation();
      else this.#fail(problem);
      return;
    } finally {
      ended();
    }
    this.#options.announce("thread-change", { id });
    await this.#takeUp();
  }

  newConversation(): void {
    this.#leave();
    this.loading = false;
    this.#options.visit.set({ conversationId: undefined });
    this.#show(emptyConversation(newId()));
    this.#options.announce("thread-change", { id: null });
  }

  /** Erases the conversation on the server and begins a new one. */
  async forget(): Promise<void> {
    const { id, messages } = this.conversation;
    if (messages.length > 0) {
      await this.#options.client.forget(id).catch((problem) => {
        if (!(problem instanceof ChatProblem && problem.code === "not_found")) throw problem;
      });
    }
    this.history = this.history.filter((entry) => entry.id !== id);
    this.newConversation();
  }

  /** Rates an answer; the rating shows at once and is taken back when it could not be sent. */
  async rate(message: Message, rating: "up" | "down", comment?: string): Promise<void> {
    this.#show(withRating(this.conversation, message.id, rating));
    try {
      await this.#options.client.rate(message.id, rating, comment);
      this.#options.announce("feedback", { messageId: message.id, rating, comment });
    } catch {
      this.#show(withRating(this.conversation, message.id, message.rating));
    }
  }

  citedPassage(messageId: string, index: number, signal: AbortSignal): Promise<CitedPassage> {
    return this.#options.client.citation(messageId, index, signal);
  }

  /** Lets go of the network; for when the element leaves the page. The answer goes on at the server. */
  dispose(): void {
    this.#leave();
  }

  get #lastQuestion(): Message | undefined {
    return this.conversation.messages.findLast((message) => message.author === "visitor");
  }

  #tool(id: string): ToolCall | undefined {
    return this.conversation.messages.at(-1)?.tools.find((tool) => tool.id === id);
  }

  async #again(): Promise<void> {
    const last = this.conversation.messages.at(-1);
    this.#show(askedAgain(this.conversation));
    if (last?.author === "agent") return this.#ask(last.id);
    await this.#ask();
  }

  async #ask(regenerates?: string): Promise<void> {
    const question = this.#lastQuestion as Message;
    this.#addToHistory(question.text);
    await this.#stopping;
    const asked: Question = {
      conversationId: this.conversation.id,
      message: { id: question.id, text: question.text },
      trigger: regenerates ? "regenerate-message" : "submit-message",
      messageId: regenerates,
      clientTools: offeredTools(this.#options.tools()),
      idempotencyKey: newId(),
    };
    await this.#follow(this.#newStream(), (signal) => this.#options.client.ask(asked, signal), true);
  }

  /** After a reload: the answer may still be running. */
  async #takeUp(): Promise<void> {
    const last = this.conversation.messages.at(-1);
    if (!last || (last.status !== "streaming" && last.author !== "visitor")) return;
    const { id } = this.conversation;
    const stream = this.#newStream();
    const running = await this.#options.client.resume(id, "", stream.signal).catch(() => null);
    if (this.conversation.id !== id || this.busy) return stream.leave();
    if (running) return this.#follow(stream, () => running);
    await this.#settle().catch((problem) => this.#fail(problem));
  }

  /** After a lost connection: the answer as it runs now or as it ended meanwhile. False when there is none. */
  async #catchUp(): Promise<boolean> {
    const { id } = this.conversation;
    const stream = this.#newStream();
    const running = await this.#options.client.resume(id, "", stream.signal).catch(() => null);
    if (this.conversation.id !== id) return true;
    if (running) {
      await this.#follow(stream, () => running);
      return true;
    }
    const kept = fromHistory(id, await this.#options.client.conversation(id).catch(() => ({ messages: [] })));
    if (this.conversation.id !== id) return true;
    const question = this.#lastQuestion?.id;
    const last = kept.messages.at(-1);
    // A question that never arrived has no answer there; one that broke off is made anew in its place.
    if (!last || last.author === "visitor" || !kept.messages.some((message) => message.id === question)) return false;
    this.#show({ ...kept, phase: last.status === "complete" ? "idle" : "waiting" });
    return last.status === "complete";
  }

  /** An answer of this conversation, to be followed. */
  #newStream(): AnswerStream {
    const { client, online } = this.#options;
    const { id } = this.conversation;
    return new AnswerStream({ resume: (after, signal) => client.resume(id, after, signal), online });
  }

  /** Shows the events of an answer as they come. */
  async #follow(stream: AnswerStream, begin: Parameters<AnswerStream["events"]>[0], own = false): Promise<void> {
    const run: Run = { stream, own, stopped: false };
    this.#run = run;
    this.failure = null;
    if (this.conversation.phase === "idle") this.#show({ ...this.conversation, phase: "waiting" });
    try {
      for await (const event of stream.events(begin)) this.#take(event, run);
      // A run that ended while nobody was listening is told by the kept conversation.
      if (stream.missed) await this.#settle();
      if (this.#run === run && this.busy) throw interrupted();
    } catch (problem) {
      if (this.#run === run && !stream.isLeft && !run.stopped) this.#fail(problem);
    } finally {
      if (this.#run === run) this.#run = undefined;
      this.#options.changed();
    }
  }

  #take(event: Received["event"], run: Run): void {
    // After a stop the words that were already on their way are not shown any more.
    if (run.stopped) return;
    const before = this.conversation.messages.at(-1);
    if (event.type === "error") {
      this.#fail(new ChatProblem("answer_failed", event.errorText));
      return;
    }
    this.#show(reduce(this.conversation, event));
    const answer = this.conversation.messages.at(-1);
    if (event.type === "finish" && answer?.status === "failed" && !this.failure) {
      this.#fail(new ChatProblem("answer_failed", "The answer broke off."));
      return;
    }
    if (event.type === "start") {
      if (run.own) this.#asked(event.messageId);
      this.#options.announce("response-start", { messageId: event.messageId });
    }
    if (event.type === "tool-input-available" && !event.providerExecuted && answer?.id === this.#ownAnswer) this.#runTool(event);
    this.#announceEnd(before);
  }

  /** Tells the page that the answer is there, when it has just ended. */
  #announceEnd(before?: Message): void {
    const answer = this.conversation.messages.at(-1);
    if (!answer || answer.status === "streaming" || before?.status !== "streaming") return;
    this.#options.announce("message", { id: answer.id, role: "assistant", text: answer.text });
    this.#options.announce("response-end", { messageId: answer.id, status: answer.status, text: answer.text });
  }

  /** The answer is ours: other tabs see by the visit that there is a newer one, and its tools are run here. */
  #asked(answerId: string): void {
    this.#ownAnswer = answerId;
    this.#options.visit.set({ answerId });
  }

  /** Has the page do what the model asks of it, at most once; the result, or what went wrong, goes back to the model. */
  async #runTool({ toolCallId, toolName: name, input }: CalledTool): Promise<void> {
    if (this.#ranTools.has(toolCallId)) return;
    this.#ranTools.add(toolCallId);
    const { id } = this.conversation;
    // A call that is told late, after a break, may be over: its end comes right behind it.
    await new Promise((later) => setTimeout(later));
    if (this.#tool(toolCallId)?.state !== "running") return;
    this.#options.announce("tool-call", { toolCallId, name, input });
    const reply = await runPageTool(this.#options.tools(), name, input);
    // Should it not arrive, the server gives the call up by itself.
    await this.#options.client.reply(id, toolCallId, reply).catch(() => {});
  }

  /** Fetches the conversation anew, for an answer whose end was missed. */
  async #settle(): Promise<void> {
    const { id } = this.conversation;
    const kept = fromHistory(id, await this.#options.client.conversation(id));
    if (this.conversation.id !== id) return;
    const [shown, last] = [this.conversation.messages.at(-1), kept.messages.at(-1)];
    const broken = last?.status === "failed";
    if (broken && shown?.id === last.id) {
      // The server saves every now and then: more may have been seen than it has kept.
      const longer = shown.text.length > last.text.length ? shown : last;
      this.#show({ ...kept, messages: [...kept.messages.slice(0, -1), { ...longer, status: shown.status }] });
    } else this.#show(kept);
    if (broken) this.#fail(new ChatProblem("answer_failed", "The answer broke off."));
    else if (last?.author === "visitor" || last?.status === "streaming") this.#fail(interrupted());
    else this.#announceEnd(shown);
  }

  #fail(problem: unknown): void {
    const { code, message, retryAfter } = problem instanceof ChatProblem ? problem : new ChatProblem("internal", String(problem));
    const { requestId } = this.#options.client;
    this.failure = { code, retryAt: retryAfter && Date.now() + retryAfter * 1000, requestId };
    const answer = this.conversation.messages.at(-1);
    this.#show(ended(this.conversation, "failed"));
    if (answer?.status === "streaming")
      this.#options.announce("response-end", { messageId: answer.id, status: "failed", text: answer.text });
    this.#options.announce("error", { code, message, cause: problem });
  }

  #addToHistory(title: string): void {
    const { id } = this.conversation;
    const known = this.history.find((entry) => entry.id === id);
    const entry = { id, title: known?.title ?? title.slice(0, 80), lastMessageAt: new Date().toISOString() };
    this.history = [entry, ...this.history.filter((other) => other.id !== id)];
  }

  #leave(): void {
    this.#run?.stream.leave();
    this.#run = undefined;
    this.failure = null;
  }

  #show(conversation: Conversation): void {
    this.conversation = conversation;
    this.#options.changed();
  }
}
