import { z } from "zod";

/**
 * The vocabulary of a running answer: the AI SDK's UI message stream v1
 * (https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol), plus our own data-* parts. The run log, the database and both
 * stream encodings speak it. Text carries inline markers [1], [2]… that name data-citation parts by index.
 */

/** A validated quote: `quote` is literally characters [start, end) of the source's extracted text. */
export const citation = z.strictObject({
  index: z.number().int().min(1),
  sourceId: z.string(),
  title: z.string(),
  /** Web sources: the page, with a #:~:text= fragment that scrolls to the quote. */
  url: z.string().optional(),
  /** PDF sources: page counted from 1. */
  page: z.number().int().min(1).optional(),
  /** Headings above the quote, outermost first. */
  headings: z.array(z.string()).optional(),
  quote: z.string(),
  start: z.number().int().min(0),
  end: z.number().int().min(1),
});
export type Citation = z.infer<typeof citation>;

const grounding = z.strictObject({
  supported: z.boolean(),
  responder: z.enum(["model", "quotes"]),
  fallback: z.boolean().optional(),
  notice: z.string().optional(),
});

/** Where a visitor's wish to talk to a person stands; `operator` is the person's name once somebody has taken it up. */
const handoff = z.strictObject({ state: z.enum(["requested", "accepted", "resolved"]), operator: z.string().optional() });
export type HandoffState = z.infer<typeof handoff>["state"];

const usage = z.strictObject({
  model: z.string().nullable(),
  promptTokens: z.number().int().min(0),
  completionTokens: z.number().int().min(0),
  costMicros: z.number().int().min(0),
});
export type Usage = z.infer<typeof usage>;

/** Tools differ by agent and page (dynamic); providerExecuted: run by us, not by the page. */
const toolFlags = { dynamic: z.literal(true), providerExecuted: z.boolean().optional() };

export const chatEvent = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("start"), messageId: z.string(), messageMetadata: z.record(z.string(), z.unknown()).optional() }),
  z.strictObject({ type: z.literal("text-start"), id: z.string() }),
  z.strictObject({ type: z.literal("text-delta"), id: z.string(), delta: z.string() }),
  z.strictObject({ type: z.literal("text-end"), id: z.string() }),
  z.strictObject({ type: z.literal("source-url"), sourceId: z.string(), url: z.string(), title: z.string().optional() }),
  z.strictObject({
    type: z.literal("source-document"),
    sourceId: z.string(),
    mediaType: z.string(),
    title: z.string(),
    filename: z.string().optional(),
  }),
  z.strictObject({ type: z.literal("tool-input-start"), toolCallId: z.string(), toolName: z.string(), ...toolFlags }),
  /**
   * approval "needed": the run waits until the visitor has answered POST …/chat/:conversationId/tools/:toolCallId; once they
   * have agreed, the same call is told again without it.
   */
  z.strictObject({
    type: z.literal("tool-input-available"),
    toolCallId: z.string(),
    toolName: z.string(),
    title: z.string().optional(),
    input: z.json(),
    approval: z.literal("needed").optional(),
    ...toolFlags,
  }),
  z.strictObject({
    type: z.literal("tool-input-error"),
    toolCallId: z.string(),
    toolName: z.string(),
    input: z.json(),
    errorText: z.string(),
    ...toolFlags,
  }),
  z.strictObject({ type: z.literal("tool-output-available"), toolCallId: z.string(), output: z.json(), ...toolFlags }),
  z.strictObject({ type: z.literal("tool-output-error"), toolCallId: z.string(), errorText: z.string(), ...toolFlags }),
  z.strictObject({ type: z.literal("data-citation"), id: z.string(), data: citation }),
  /**
   * supported: does the knowledge hold an answer? responder: who wrote it. notice: what to show beside a text that nothing supports and
   * that does not say so itself, in the visitor's language.
   */
  z.strictObject({
    type: z.literal("data-grounding"),
    data: grounding,
  }),
  z.strictObject({ type: z.literal("data-suggestions"), data: z.strictObject({ questions: z.array(z.string()).max(4) }) }),
  z.strictObject({ type: z.literal("data-handoff"), data: handoff }),
  z.strictObject({ type: z.literal("data-usage"), transient: z.literal(true), data: usage }),
  z.strictObject({ type: z.literal("error"), errorText: z.string() }),
  z.strictObject({ type: z.literal("abort"), reason: z.string().optional() }),
  z.strictObject({
    type: z.literal("finish"),
    finishReason: z.enum(["stop", "length", "content-filter", "tool-calls", "error", "other"]).optional(),
    messageMetadata: z.record(z.string(), z.unknown()).optional(),
  }),
]);
export type ChatEvent = z.infer<typeof chatEvent>;

/** What is kept of a message (messages.parts): texts and the data parts that are not transient. */
export const messagePart = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("data-citation"), id: z.string(), data: citation }),
  z.strictObject({
    type: z.literal("data-grounding"),
    data: grounding,
  }),
  z.strictObject({ type: z.literal("data-suggestions"), data: z.strictObject({ questions: z.array(z.string()).max(4) }) }),
  z.strictObject({ type: z.literal("data-handoff"), data: handoff }),
  z.strictObject({
    type: z.literal("dynamic-tool"),
    toolName: z.string(),
    toolCallId: z.string(),
    title: z.string().optional(),
    state: z.enum(["output-available", "output-error"]),
    input: z.json(),
    output: z.json().optional(),
    errorText: z.string().optional(),
    providerExecuted: z.boolean().optional(),
  }),
]);
export type MessagePart = z.infer<typeof messagePart>;

const words = z.strictObject({ greeting: z.string(), prompts: z.array(z.string()) });
const time = z.iso.datetime({ offset: true });

/** GET /api/v1/agents/:agentId/config: all that a visitor's browser may know about an agent. Keys are pinned by test B7. */
export const agentConfig = z.strictObject({
  id: z.string(),
  name: z.string(),
  avatar: z.string().nullable(),
  primaryColor: z.string(),
  theme: z.enum(["auto", "light", "dark"]),
  position: z.enum(["bottom-right", "bottom-left"]),
  texts: z.strictObject({ en: words, ru: words }),
  privacyUrl: z.string().nullable(),
  /** May visitors ask for a person? */
  handoff: z.boolean(),
  /** The contact details that are asked for; null for none. An empty consent means no box to tick. */
  lead: z
    .strictObject({
      fields: z.array(z.strictObject({ name: z.enum(["name", "email", "phone"]), required: z.boolean() })).min(1),
      consent: z.strictObject({ en: z.string(), ru: z.string() }),
    })
    .nullable(),
  status: z.enum(["live", "paused"]),
});
export type AgentConfig = z.infer<typeof agentConfig>;

/** POST /api/v1/agents/:agentId/sessions */
export const visitorSession = z.strictObject({
  token: z.string(),
  expiresAt: time,
  visitorId: z.uuid(),
  conversations: z.array(z.strictObject({ id: z.string(), title: z.string().nullable(), lastMessageAt: time })),
});
export type VisitorSession = z.infer<typeof visitorSession>;

/** A message as the APIs return it (GET /api/v1/conversations/:id), in the AI SDK's UIMessage shape. */
export const conversationMessage = z.strictObject({
  id: z.string(),
  role: z.enum(["user", "assistant", "system"]),
  parts: z.array(messagePart),
  metadata: z.strictObject({
    createdAt: time,
    status: z.enum(["streaming", "complete", "stopped", "failed"]),
    author: z.enum(["visitor", "agent", "operator", "system"]),
    rating: z.enum(["up", "down"]).optional(),
  }),
});
export type ConversationMessage = z.infer<typeof conversationMessage>;

/** GET /api/v1/conversations/:id, for its visitor. */
export const visitorConversation = z.strictObject({
  id: z.string(),
  title: z.string().nullable(),
  createdAt: time,
  lastMessageAt: time,
  /** Is an answer being written now? Its stream can be resumed. */
  running: z.boolean(),
  /** Where the open request for a person stands; null without one. */
  handoff: handoff.shape.state.nullable(),
  /** Has the visitor left contact details here? */
  hasLead: z.boolean(),
  messages: z.array(conversationMessage),
});
export type VisitorConversation = z.infer<typeof visitorConversation>;

/** POST /api/v1/conversations/:id/handoff */
export const handoffAnswer = z.strictObject({ id: z.uuid(), state: handoff.shape.state, requestedAt: time });
export type HandoffAnswer = z.infer<typeof handoffAnswer>;

/** POST /api/v1/conversations/:id/lead */
export const leadAnswer = z.strictObject({ id: z.uuid(), createdAt: time });
export type LeadAnswer = z.infer<typeof leadAnswer>;

/**
 * POST /api/v1/chat/:conversationId/tools/:toolCallId: the visitor's consent to an action, or what a tool of the page has
 * given. The run that waits for it goes on.
 */
export const toolReply = z.union([
  z.strictObject({ approved: z.boolean() }),
  z.strictObject({ output: z.json() }),
  z.strictObject({ errorText: z.string().max(2_000) }),
]);
export type ToolReply = z.infer<typeof toolReply>;

/** A tool that the visitor's page offers with its question (`clientTools` of the element and of POST …/chat). */
export const clientTool = z.strictObject({
  name: z.string().regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,39}$/),
  description: z.string().max(1_000),
  parameters: z.record(z.string(), z.json()),
});
export type ClientTool = z.infer<typeof clientTool>;

/** GET /api/v1/messages/:messageId/citations/:index: the quote inside the passage around it. */
export const citedPassage = citation.extend({ passage: z.string(), quoteStart: z.number().int().min(0) });
export type CitedPassage = z.infer<typeof citedPassage>;
