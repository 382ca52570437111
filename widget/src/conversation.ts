import type { ChatEvent, Citation, ConversationMessage, MessagePart } from "@gpt-agent/core/chat-events";

/** Longest message, in UTF-16 code units; the same as in core/limits.ts, which the widget may not import. */
export const MAX_MESSAGE_LENGTH = 8_000;

/** A call of a tool in an answer: an action of the agent, or something that the page does. */
export type ToolCall = {
  id: string;
  /** What visitors read. Empty for tools of the page, which shows by itself what it does. */
  title: string;
  input: unknown;
  /** asking: it waits for the visitor's consent. */
  state: "asking" | "running" | "done" | "failed";
  /** Why it failed, in the server's words for visitors; none when it did not come to an end. */
  errorText?: string;
  /** The visitor's answer could not be sent. */
  unsent?: boolean;
};

export type Message = {
  id: string;
  author: "visitor" | "agent" | "operator" | "system";
  text: string;
  citations: Citation[];
  suggestions: string[];
  tools: ToolCall[];
  /** The built-in responder answered in place of the model, which could not. */
  fallback: boolean;
  /** What to say beside a text that nothing in the documents supports. */
  notice?: string;
  status: "streaming" | "complete" | "stopped" | "failed";
  /** ISO 8601. */
  createdAt: string;
  rating?: "up" | "down";
};

/**
 * All that the panel shows of a conversation. `phase` says what the agent is doing: nothing, getting ready to answer
 * (no word yet), or answering.
 */
export type Conversation = {
  id: string;
  messages: Message[];
  phase: "idle" | "waiting" | "answering";
  /** An answer that stays visible until the first event of the one that takes its place. */
  replacing?: string;
  /** The text part being streamed: answers may have several, which become paragraphs of their own. */
  textPart?: string;
  /** The visitor has left contact details, as far as is known here. */
  hasLead?: boolean;
};
/** What is shown of a conversation that the API keeps. */
export type KeptConversation = { messages: ConversationMessage[]; hasLead?: boolean };

export function emptyConversation(id: string): Conversation {
  return { id, messages: [], phase: "idle" };
}

/** The conversation as the API keeps it. */
export function fromHistory(id: string, { messages, hasLead }: KeptConversation): Conversation {
  return { id, messages: messages.map(fromKept), phase: "idle", hasLead };
}

/** The visitor has asked: their message is shown at once and the agent is waited for. */
export function withQuestion(conversation: Conversation, question: { id: string; text: string; createdAt: string }): Conversation {
  const message: Message = { ...blank, ...question, author: "visitor", status: "complete" };
  return { ...conversation, messages: [...conversation.messages, message], phase: "waiting", replacing: undefined };
}

/** The last question is asked once more; an answer that it already has gives way when the new one starts. */
export function askedAgain(conversation: Conversation): Conversation {
  const last = conversation.messages.at(-1);
  return { ...conversation, phase: "waiting", replacing: last && last.author !== "visitor" ? last.id : undefined };
}

/** The answer ends here, by the visitor's wish or by a failure; what has been written stays. */
export function ended(conversation: Conversation, status: "stopped" | "failed"): Conversation {
  return { ...closed(conversation, status), phase: "idle", replacing: undefined };
}

export function withRating(conversation: Conversation, messageId: string, rating: Message["rating"]): Conversation {
  return {
    ...conversation,
    messages: conversation.messages.map((message) => (message.id === messageId ? { ...message, rating } : message)),
  };
}

/** A tool call of the running answer changes; other calls and answers stay. */
export function withTool(conversation: Conversation, id: string, change: Partial<ToolCall>): Conversation {
  return updateAnswer(conversation, (answer) => ({
    ...answer,
    tools: answer.tools.map((tool) => (tool.id === id ? { ...tool, ...change } : tool)),
  }));
}

/** The next state after one event of the stream. Events of kinds unknown to this version change nothing. */
export function reduce(conversation: Conversation, event: ChatEvent): Conversation {
  switch (event.type) {
    case "start":
      return started(conversation, event.messageId);
    case "text-start":
      return { ...conversation, textPart: event.id };
    case "text-delta":
      return appended(conversation, event.delta);
    case "text-end":
      return { ...conversation, textPart: undefined };
    case "data-citation":
      return updateAnswer(conversation, (answer) => ({ ...answer, citations: withCitation(answer.citations, event.data) }));
    case "data-grounding":
      return updateAnswer(conversation, (answer) => ({ ...answer, fallback: Boolean(event.data.fallback), notice: event.data.notice }));
    case "data-suggestions":
      return updateAnswer(conversation, (answer) => ({ ...answer, suggestions: event.data.questions }));
    case "tool-input-available":
      return called(conversation, event);
    case "tool-output-available":
      return withTool(conversation, event.toolCallId, { state: "done" });
    case "tool-output-error":
      return withTool(conversation, event.toolCallId, { state: "failed", errorText: event.errorText });
    case "error":
      return ended(conversation, "failed");
    case "abort":
      return ended(conversation, "stopped");
    case "finish":
      if (event.finishReason === "error") return ended(conversation, "failed");
      return { ...closed(conversation, "complete"), phase: "idle" };
    default:
      return conversation;
  }
}

const blank = { citations: [], suggestions: [], tools: [], fallback: false } satisfies Partial<Message>;

/** A new answer begins, or one seen before is told again from its start (a resumed stream). */
function started(conversation: Conversation, id: string): Conversation {
  const seen = conversation.messages.find((message) => message.id === id);
  const others = conversation.messages.filter((message) => message.id !== id && message.id !== conversation.replacing);
  const answer: Message = {
    ...blank,
    id,
    author: "agent",
    text: "",
    status: "streaming",
    createdAt: seen?.createdAt ?? new Date().toISOString(),
  };
  return { ...conversation, messages: [...others, answer], phase: "answering", replacing: undefined, textPart: undefined };
}

function appended(conversation: Conversation, delta: string): Conversation {
  const before = conversation.textPart;
  const next = updateAnswer(conversation, (answer) => ({
    ...answer,
    // A second text part is a paragraph of its own.
    text: before && answer.text && !answer.text.endsWith("\n") ? `${answer.text}\n\n${delta}` : answer.text + delta,
    status: "streaming",
  }));
  return { ...next, phase: "answering", textPart: undefined };
}

/** A tool is called, or one seen before goes on now that the visitor has agreed. */
function called(conversation: Conversation, event: Extract<ChatEvent, { type: "tool-input-available" }>): Conversation {
  const { toolCallId: id, input, approval } = event;
  const tool: ToolCall = { id, title: titleOf(event), input, state: approval ? "asking" : "running" };
  return updateAnswer(conversation, (answer) => ({ ...answer, tools: [...answer.tools.filter((other) => other.id !== id), tool] }));
}

/** A streaming answer is over, and so is what it was doing. */
function closed(conversation: Conversation, status: Message["status"]): Conversation {
  return updateAnswer(conversation, (answer) =>
    answer.status === "streaming"
      ? { ...answer, status, tools: answer.tools.map((tool) => (isOpen(tool) ? { ...tool, state: "failed" } : tool)) }
      : answer,
  );
}

const isOpen = ({ state }: ToolCall) => state === "asking" || state === "running";

function titleOf({ title, toolName, providerExecuted }: { title?: string; toolName: string; providerExecuted?: boolean }): string {
  return title || (providerExecuted ? words(toolName) : "");
}

/** A programmer's name as words: order_id and orderId become "order id". */
export function words(name: string): string {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .replace(/[_-]+/g, " ")
    .toLowerCase();
}

/** Changes the agent's answer at the end of the conversation, if there is one. */
function updateAnswer(conversation: Conversation, change: (answer: Message) => Message): Conversation {
  const answer = conversation.messages.at(-1);
  if (!answer || answer.author === "visitor" || answer.id === conversation.replacing) return conversation;
  return { ...conversation, messages: [...conversation.messages.slice(0, -1), change(answer)] };
}

function withCitation(citations: Citation[], citation: Citation): Citation[] {
  return [...citations.filter(({ index }) => index !== citation.index), citation].sort((a, b) => a.index - b.index);
}

function fromKept({ id, role, parts, metadata }: ConversationMessage): Message {
  const data = <Type extends MessagePart["type"]>(type: Type) =>
    parts.filter((part): part is Extract<MessagePart, { type: Type }> => part.type === type);
  return {
    id,
    author: role === "user" ? "visitor" : metadata.author === "visitor" ? "agent" : metadata.author,
    text: data("text")
      .map((part) => part.text)
      .join("\n\n"),
    citations: data("data-citation").reduce<Citation[]>((citations, part) => withCitation(citations, part.data), []),
    suggestions: data("data-suggestions").at(-1)?.data.questions ?? [],
    tools: data("dynamic-tool").map((part) => ({
      id: part.toolCallId,
      title: titleOf(part),
      input: part.input,
      state: part.state === "output-error" ? "failed" : "done",
      errorText: part.errorText,
    })),
    fallback: Boolean(data("data-grounding").at(-1)?.data.fallback),
    notice: data("data-grounding").at(-1)?.data.notice,
    status: metadata.status,
    createdAt: metadata.createdAt,
    rating: metadata.rating,
  };
}
