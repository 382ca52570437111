import type { ChatEvent, Citation, ConversationMessage, MessagePart } from "@gpt-agent/core/chat-events";

/** Longest message, in UTF-16 code units; the same as in core/limits.ts, which the widget may not import. */
export const MAX_MESSAGE_LENGTH = 8_000;

export type Message = {
  id: string;
  author: "visitor" | "agent" | "operator" | "system";
  text: string;
  citations: Citation[];
  suggestions: string[];
  /** The built-in responder answered in place of the model, which could not. */
  fallback: boolean;
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
};

export function emptyConversation(id: string): Conversation {
  return { id, messages: [], phase: "idle" };
}

/** The conversation as the API keeps it. */
export function fromHistory(id: string, kept: ConversationMessage[]): Conversation {
  return { id, messages: kept.map(fromKept), phase: "idle" };
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
  const closed = updateAnswer(conversation, (answer) => (answer.status === "streaming" ? { ...answer, status } : answer));
  return { ...closed, phase: "idle", replacing: undefined };
}

export function withRating(conversation: Conversation, messageId: string, rating: Message["rating"]): Conversation {
  return {
    ...conversation,
    messages: conversation.messages.map((message) => (message.id === messageId ? { ...message, rating } : message)),
  };
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
      return updateAnswer(conversation, (answer) => ({ ...answer, fallback: Boolean(event.data.fallback) }));
    case "data-suggestions":
      return updateAnswer(conversation, (answer) => ({ ...answer, suggestions: event.data.questions }));
    case "error":
      return ended(conversation, "failed");
    case "abort":
      return ended(conversation, "stopped");
    case "finish":
      if (event.finishReason === "error") return ended(conversation, "failed");
      return {
        ...updateAnswer(conversation, (answer) => (answer.status === "streaming" ? { ...answer, status: "complete" } : answer)),
        phase: "idle",
      };
    default:
      return conversation;
  }
}

const blank = { citations: [], suggestions: [], fallback: false } satisfies Partial<Message>;

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
    fallback: Boolean(data("data-grounding").at(-1)?.data.fallback),
    status: metadata.status,
    createdAt: metadata.createdAt,
    rating: metadata.rating,
  };
}
