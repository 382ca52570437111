import type { ChatEvent, Citation, Usage } from "@gpt-agent/core/chat-events";
import type { AppError } from "@gpt-agent/core/errors";
import type { Telling } from "../chat/telling.ts";
import type { NumberedEvent } from "./event-stream.ts";
import { errorHeaders } from "./problem.ts";

/** What names one completion: our run, its model as the caller wrote it, and its time. */
export type CompletionIds = { runId: string; model: string; created: number };

type Annotation = {
  type: "url_citation";
  url_citation: { url: string; title: string; content: string; start_index: number; end_index: number };
};

const FINISH = {
  stop: "stop",
  length: "length",
  "content-filter": "content_filter",
  "tool-calls": "stop",
  error: "stop",
  other: "stop",
} as const;

/** Citations as annotations: start_index and end_index are where the marker stands in the text. */
function annotate(text: string, citations: Citation[]): Annotation[] {
  return citations.flatMap((citation): Annotation[] => {
    const marker = `[${citation.index}]`;
    const at = text.indexOf(marker);
    if (at === -1) return [];
    // A file has no address of its own; its id keeps several quotes of one file together.
    const url = citation.url ?? `urn:uuid:${citation.sourceId}`;
    return [
      {
        type: "url_citation",
        url_citation: { url, title: citation.title, content: citation.quote, start_index: at, end_index: at + marker.length },
      },
    ];
  });
}

const usageOf = (usage: Usage | null) => ({
  prompt_tokens: usage?.promptTokens ?? 0,
  completion_tokens: usage?.completionTokens ?? 0,
  total_tokens: (usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0),
});

/** Gathers what both encodings need from a run's events. */
class Gathered {
  text = "";
  citations: Citation[] = [];
  usage: Usage | null = null;
  finish: keyof typeof FINISH = "other";
  error: string | null = null;

  /** The text that an event adds; texts before and after a tool call are paragraphs of their own. */
  textOf(event: ChatEvent): string {
    return event.type === "text-delta" ? event.delta : event.type === "text-start" && this.text ? "\n\n" : "";
  }

  add(event: ChatEvent): void {
    const text = this.textOf(event);
    if (text) this.text += text;
    else if (event.type === "data-citation") this.citations.push(event.data);
    else if (event.type === "data-usage") this.usage = event.data;
    else if (event.type === "error") this.error = event.errorText;
    else if (event.type === "finish") this.finish = event.finishReason ?? "other";
  }
}

/** A run as chat.completion.chunk frames, ended by [DONE]; an error in between is told in-band, as OpenAI's clients expect. */
export function completionFrames(
  ids: CompletionIds,
  events: Telling<NumberedEvent>,
  includeUsage: boolean,
  signal: AbortSignal,
): Telling<string> {
  const gathered = new Gathered();
  const frame = (choices: object[], extra: object = {}) =>
    `data: ${JSON.stringify({ id: `chatcmpl-${ids.runId}`, object: "chat.completion.chunk", created: ids.created, model: ids.model, choices, ...extra })}\n\n`;
  const chunk = (delta: object, finish_reason: string | null = null) =>
    frame([{ index: 0, delta, logprobs: null, finish_reason }], includeUsage ? { usage: null } : {});
  /** What an event adds to the stream; one chunk or several. */
  const framesOf = (event: ChatEvent): string => {
    const text = gathered.textOf(event);
    gathered.add(event);
    if (event.type === "start") return chunk({ role: "assistant", content: "" });
    if (text) return chunk({ content: text });
    if (event.type === "error")
      return `data: ${JSON.stringify({ error: { message: event.errorText, type: "server_error", code: "upstream_failed", param: null } })}\n\n`;
    if (event.type !== "finish") return "";
    const annotations = annotate(gathered.text, gathered.citations);
    return [
      annotations.length > 0 ? chunk({ annotations }) : "",
      chunk({}, FINISH[gathered.finish]),
      includeUsage ? frame([], { usage: usageOf(gathered.usage) }) : "",
    ].join("");
  };
  return async (hear) => {
    await events(({ event }) => {
      const frames = framesOf(event);
      if (frames) return hear(frames);
    });
    if (!signal.aborted) await hear("data: [DONE]\n\n");
  };
}

/** A run as one chat.completion object; `error` when it failed before a word was written. */
export async function completion(ids: CompletionIds, events: Telling<NumberedEvent>): Promise<{ body: object; error: string | null }> {
  const gathered = new Gathered();
  await events(({ event }) => gathered.add(event));
  const annotations = annotate(gathered.text, gathered.citations);
  const message = { role: "assistant", content: gathered.text, refusal: null, ...(annotations.length > 0 ? { annotations } : {}) };
  return {
    error: gathered.text ? null : gathered.error,
    body: {
      id: `chatcmpl-${ids.runId}`,
      object: "chat.completion",
      created: ids.created,
      model: ids.model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: FINISH[gathered.finish] }],
      usage: usageOf(gathered.usage),
    },
  };
}

const TYPES: Record<number, string> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  429: "rate_limit_error",
};

/** An error in OpenAI's shape. */
export function openAiError(error: AppError, requestId: string): Response {
  const headers = errorHeaders(error, requestId);
  headers.set("content-type", "application/json");
  // What OpenAI says when the money is gone; its clients tell it apart from asking too fast.
  const type =
    error.code === "over_budget"
      ? "insufficient_quota"
      : (TYPES[error.status] ?? (error.status >= 500 ? "server_error" : "invalid_request_error"));
  return new Response(JSON.stringify({ error: { message: error.message, type, code: error.code, param: null } }), {
    status: error.status,
    headers,
  });
}
