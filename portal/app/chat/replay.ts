import type { ChatEvent, MessagePart } from "@gpt-agent/core/chat-events";
import { LoggedEvent } from "./run-log/run-log.ts";
import type { Telling } from "./telling.ts";

/** The events of an answer whose log is gone, made from what was stored of it. */
export function replayed(
  answer: { parts: MessagePart[]; status: string },
  ids: { runId: string; messageId: string; conversationId: string },
): Telling<LoggedEvent> {
  const events: ChatEvent[] = [
    { type: "start", messageId: ids.messageId, messageMetadata: { conversationId: ids.conversationId, runId: ids.runId } },
    ...answer.parts.flatMap((part): ChatEvent[] =>
      part.type === "text"
        ? [
            { type: "text-start", id: "text-1" },
            { type: "text-delta", id: "text-1", delta: part.text },
            { type: "text-end", id: "text-1" },
          ]
        : part.type === "dynamic-tool"
          ? toolEvents(part)
          : [part],
    ),
    ...(answer.status === "stopped" ? [{ type: "abort", reason: "stopped" } as const] : []),
    { type: "finish", finishReason: answer.status === "complete" ? "stop" : answer.status === "failed" ? "error" : "other" },
  ];
  return async (hear) => {
    for (const [at, event] of events.entries()) await hear(LoggedEvent.of(at + 1, event));
  };
}

/** A finished tool call as the events that told it. */
function toolEvents(part: Extract<MessagePart, { type: "dynamic-tool" }>): ChatEvent[] {
  const { toolCallId, toolName, title, input } = part;
  const flags = { dynamic: true, ...(part.providerExecuted ? { providerExecuted: true } : {}) } as const;
  return [
    { type: "tool-input-available", toolCallId, toolName, input, ...(title ? { title } : {}), ...flags },
    part.state === "output-available"
      ? { type: "tool-output-available", toolCallId, output: part.output ?? null, ...flags }
      : { type: "tool-output-error", toolCallId, errorText: part.errorText ?? "", ...flags },
  ];
}
