import type { ToolCallDelta } from "./tool-calls.ts";

/** What matters of OpenAI's `chat.completion.chunk`, with OpenRouter's `provider`, `usage.cost` and errors inside the stream. */
export type ChatChunk = {
  model: string | null;
  provider: string | null;
  choices: {
    delta: {
      content: string | null;
      /** The thoughts of a reasoning model: OpenRouter's name and that of other servers. Never shown. */
      reasoning: string | null;
      reasoning_content: string | null;
      tool_calls: ToolCallDelta[] | null;
    } | null;
    finish_reason: string | null;
    error?: unknown;
  }[];
  usage: {
    prompt_tokens?: unknown;
    completion_tokens?: unknown;
    prompt_tokens_details: { cached_tokens?: unknown } | null;
    /** US dollars. */
    cost?: unknown;
  } | null;
  error?: unknown;
};

type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
function list<T>(value: unknown, read: (item: Fields) => T): T[] | null {
  if (!Array.isArray(value)) return null;
  const items: T[] = [];
  for (const one of value) {
    const item = fields(one);
    if (item) items.push(read(item));
  }
  return items;
}

function readToolCall(call: Fields): ToolCallDelta {
  const called = fields(call.function);
  return {
    index: Number.isInteger(call.index) ? (call.index as number) : null,
    id: text(call.id),
    function: called && { name: text(called.name), arguments: text(called.arguments) },
  };
}

function readChoice(choice: Fields): ChatChunk["choices"][number] {
  const delta = fields(choice.delta);
  return {
    delta: delta && {
      content: text(delta.content),
      reasoning: text(delta.reasoning),
      reasoning_content: text(delta.reasoning_content),
      tool_calls: list(delta.tool_calls, readToolCall),
    },
    finish_reason: text(choice.finish_reason),
    error: choice.error,
  };
}

/**
 * A chunk of a streamed completion; null for what is none. Providers leave fields out, send null, or send something else, and
 * none of that may end an answer: what is not of the expected type counts as absent. By hand, as it runs for every token.
 */
export function readChatChunk(json: unknown): ChatChunk | null {
  const chunk = fields(json);
  if (!chunk) return null;
  const usage = fields(chunk.usage);
  return {
    model: text(chunk.model),
    provider: text(chunk.provider),
    choices: list(chunk.choices, readChoice) ?? [],
    usage: usage && { ...usage, prompt_tokens_details: fields(usage.prompt_tokens_details) },
    error: chunk.error,
  };
}
