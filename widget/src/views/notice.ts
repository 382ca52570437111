import { html, nothing, type TemplateResult } from "lit";
import type { Failure } from "../chat.ts";
import type { ChatPanel } from "../chat-panel.ts";

/** Failures that another attempt would meet again. */
const FINAL = ["too_large", "origin_not_allowed"];

/** What stands in the way of talking, and what can be done about it. */
export function noticeView(panel: ChatPanel): TemplateResult | typeof nothing {
  const { strings, chat } = panel;
  // An agent that is not there says so in place of its greeting; in a conversation it has to be said here.
  if (panel.unavailable && chat.conversation.messages.length === 0) return nothing;
  if (panel.unavailable) return html`<p class="notice">${panel.missing ? strings.missing : strings.paused}</p>`;
  if (!panel.online) return html`<p class="notice">${strings.offline}</p>`;
  // An answer that broke off on an earlier visit is as unfinished as one that breaks off now.
  const brokeOff = !chat.busy && chat.conversation.messages.at(-1)?.status === "failed";
  const failure: Failure | null = chat.failure ?? (brokeOff ? { code: "answer_failed" } : null);
  if (!failure)
    return unanswered(panel) ? html`<p class="notice calm"><span>${strings.stopped}</span>${retryButton(panel, 0)}</p>` : nothing;
  const seconds = Math.ceil(((failure.retryAt ?? 0) - Date.now()) / 1000);
  if (failure.code === "over_budget") return overBudgetView(panel, seconds);
  const words = strings.errors[failure.code as keyof typeof strings.errors];
  // What is nobody's fault but ours can be looked up.
  const number = failure.requestId && (!words || failure.code === "answer_failed");
  return html`
    <p class="notice bad">
      <span>
        ${words ?? strings.errors.other}
        ${number ? html`<br />${strings.supportNumber} ${failure.requestId}` : nothing}
      </span>
      ${FINAL.includes(failure.code) ? nothing : retryButton(panel, seconds)}
    </p>
  `;
}

/** No more answers for now: calm, with the time from which on there will be. A limit may be raised before, so trying is never barred. */
function overBudgetView(panel: ChatPanel, seconds: number): TemplateResult {
  const { strings, locale } = panel;
  const at = new Date(Date.now() + seconds * 1000);
  const day = seconds > 20 * 3_600 ? ({ day: "numeric", month: "long" } as const) : {};
  const from = seconds > 60 ? ` ${strings.answersFrom(at.toLocaleString(locale, { ...day, hour: "2-digit", minute: "2-digit" }))}` : "";
  return html`<p class="notice calm"><span>${strings.errors.over_budget}${from}</span>${retryButton(panel, 0)}</p>`;
}

/** A question that was stopped before its first word. */
function unanswered({ chat }: ChatPanel): boolean {
  return !chat.busy && chat.conversation.messages.at(-1)?.author === "visitor";
}

function retryButton(panel: ChatPanel, seconds: number): TemplateResult {
  const { strings, chat } = panel;
  const retry = () => {
    chat.retry();
    panel.focusComposer();
  };
  return html`<button class="plain strong" type="button" ?disabled=${seconds > 0} @click=${retry}>${seconds > 0 ? strings.retryIn(seconds) : strings.retry}</button>`;
}
