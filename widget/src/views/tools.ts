import { html, nothing, type TemplateResult } from "lit";
import type { ChatPanel } from "../chat-panel.ts";
import { type ToolCall, words } from "../conversation.ts";
import { icons } from "../icons.ts";

/** What an answer has had done, or is having done: one quiet line; what was sent with it is folded away. */
export function toolView(panel: ChatPanel, { title, input, state, errorText }: ToolCall): TemplateResult {
  const { strings } = panel;
  const end = state === "done" ? strings.toolDone : (errorText ?? strings.toolFailed);
  return html`
    <details class="sources tool">
      <summary>${icons.chevron}<span dir="auto">${state === "running" ? `${title}…` : `${title}: ${end}`}</span></summary>
      ${inputView(panel, strings.toolSent, input)}
    </details>
  `;
}

/** Asks the visitor before something is done for them: what it is, and all that will be sent. */
export function consentView(panel: ChatPanel, { id, title, input, unsent }: ToolCall): TemplateResult {
  const { strings } = panel;
  const button = (label: string, approved: boolean, className: string) =>
    html`<button class=${className} part="chip" type="button" @click=${() => panel.chat.decide(id, approved)}>${label}</button>`;
  return html`
    <div class="card consent" part="consent" role="group" aria-label=${`${strings.consent} ${title}`}>
      <p class="aside">${strings.consent}</p>
      <p class="consent-title" dir="auto">${title}</p>
      ${inputView(panel, strings.consentSends, input)}
      ${unsent ? html`<p class="too-long" role="alert">${strings.consentUnsent}</p>` : nothing}
      <div class="row">${button(strings.refuse, false, "chip")}${button(strings.allow, true, "chip primary")}</div>
    </div>
  `;
}

/** An input's names and values, as text and in full: nobody agrees to what they cannot see. */
function inputView({ strings }: ChatPanel, label: string, input: unknown): TemplateResult | typeof nothing {
  const entries = Object.entries(typeof input === "object" && input ? input : {});
  if (entries.length === 0) return nothing;
  const shown = (value: unknown) =>
    typeof value === "string" ? value : value === true ? strings.yes : value === false ? strings.no : JSON.stringify(value);
  return html`
    <p class="aside">${label}</p>
    <div class="input" role="region" aria-label=${label} tabindex="0">
      <dl>
        ${entries.map(([name, value]) => html`<dt dir="auto">${words(name)}</dt><dd dir="auto">${shown(value)}</dd>`)}
      </dl>
    </div>
  `;
}
