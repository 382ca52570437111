import type { ToolReply } from "@gpt-agent/core/chat-events";

/** The tool calls of one run that wait for somebody outside: the visitor's consent, or a tool of their page. */
export class Replies {
  private readonly waiting = new Map<string, (reply: ToolReply | null) => void>();

  /** Hands a reply to the call that waits for it; what nobody waits for, or waits for no more, is dropped. */
  readonly deliver = (toolCallId: string, reply: ToolReply): void => this.waiting.get(toolCallId)?.(reply);

  /**
   * The reply to a call; null when none came within `ms`. Wait first and tell the call then, so that no reply is missed.
   * @throws the signal's reason when the run is stopped
   */
  wait(toolCallId: string, ms: number, signal: AbortSignal): Promise<ToolReply | null> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        this.waiting.delete(toolCallId);
      };
      const abort = () => {
        end();
        reject(signal.reason);
      };
      const settle = (reply: ToolReply | null) => {
        end();
        resolve(reply);
      };
      const timer = setTimeout(settle, ms, null);
      this.waiting.set(toolCallId, settle);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });
  }
}
