import { randomBytes } from "node:crypto";
import { LlmError, type LlmMessage, type LlmToolCall } from "./llm.ts";

/** How many calls of one step are taken; a model that wants more may ask again in its next step. */
export const MAX_TOOL_CALLS = 8;
/** A step with more calls than this is a model gone wild. */
const MAX_CALLS_BEGUN = 64;
/** All arguments of a step together, in UTF-16 code units. */
export const MAX_ARGUMENTS_LENGTH = 64 * 1_024;

/** A piece of a call as providers stream it; each of its fields may be missing. */
export type ToolCallDelta = {
  index?: number | null;
  id?: string | null;
  function?: { name?: string | null; arguments?: string | null } | null;
};

type Draft = { index: number; id: string; name: string; arguments: string };

/** Nine letters and digits: the strictest form that a provider (Mistral) asks of an id. */
const newId = () => randomBytes(16).toString("base64").replace(/\W/g, "").padEnd(9, "0").slice(0, 9);

/** What the model wrote as its arguments: JSON, or the text itself when it is none. Nothing means no arguments. */
function parseArguments(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Puts streamed tool calls together by their index. Ids come out unique within the step and against the calls of `messages`,
 * as some providers number their calls from 0 in every step.
 */
export class ToolCallGatherer {
  private readonly drafts: Draft[] = [];
  private readonly taken: Set<string>;
  private length = 0;

  constructor(messages: LlmMessage[] = []) {
    this.taken = new Set(messages.flatMap((message) => ("toolCalls" in message ? (message.toolCalls ?? []) : [])).map(({ id }) => id));
  }

  /** @throws LlmError when the calls or their arguments know no end */
  add(deltas: ToolCallDelta[]): void {
    for (const delta of deltas) {
      const draft = this.draftOf(delta);
      const piece = delta.function?.arguments ?? "";
      this.length += piece.length;
      if (this.length > MAX_ARGUMENTS_LENGTH) throw new LlmError("broken_stream", "a tool call's arguments are too long");
      draft.name ||= delta.function?.name ?? "";
      draft.arguments += piece;
    }
  }

  /** The first MAX_TOOL_CALLS calls in the order they began; those without a name are left out. */
  calls(): LlmToolCall[] {
    return this.drafts
      .slice(0, MAX_TOOL_CALLS)
      .filter(({ name }) => /^[\w.-]{1,64}$/.test(name))
      .map((draft) => {
        const id = /^[\w.:-]{1,64}$/.test(draft.id) && !this.taken.has(draft.id) ? draft.id : newId();
        this.taken.add(id);
        return { id, name: draft.name, input: parseArguments(draft.arguments) };
      });
  }

  /** The call a piece belongs to: that of its index, unless it brings another id (some providers give every call index 0). */
  private draftOf({ index, id }: ToolCallDelta): Draft {
    const known = index == null ? this.drafts.at(-1) : this.drafts.findLast((draft) => draft.index === index);
    if (known && (!id || !known.id || known.id === id)) {
      known.id ||= id ?? "";
      return known;
    }
    if (this.drafts.length >= MAX_CALLS_BEGUN) throw new LlmError("broken_stream", "the model began too many tool calls");
    const draft = { index: index ?? this.drafts.length, id: id ?? "", name: "", arguments: "" };
    this.drafts.push(draft);
    return draft;
  }
}
