import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { ChatPanel } from "../chat-panel.ts";
import { MAX_MESSAGE_LENGTH } from "../conversation.ts";
import { icons } from "../icons.ts";

/** Where the visitor writes. The text stays until it has really been sent. */
export function composerView(panel: ChatPanel): TemplateResult | typeof nothing {
  if (panel.unavailable) return nothing;
  const { strings, chat, draft } = panel;
  const extra = draft.trim().length - MAX_MESSAGE_LENGTH;
  const send = () => {
    if (panel.online) panel.ask(panel.draft);
    panel.requestUpdate();
  };
  const onKey = (event: KeyboardEvent) => {
    // While an input method is composing a word, Enter belongs to it (229: Safari's way to say so).
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || event.shiftKey || touch()) return;
    event.preventDefault();
    send();
  };
  const onInput = (event: Event) => {
    panel.setComposerValue((event.target as HTMLTextAreaElement).value);
    if (panel.online) chat.prepare();
  };
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (!chat.busy) return send();
    panel.stop();
    panel.focusComposer();
  };
  return html`
    <form class="composer" part="composer" @submit=${onSubmit}>
      ${extra > 0 ? html`<p class="too-long" id="too-long" role="alert">${strings.tooLong(extra)}</p>` : nothing}
      <div class="box">
        <div class="grow" data-text=${`${draft}\n`}>
          <textarea
            rows="1" dir="auto" enterkeyhint=${touch() ? "enter" : "send"}
            aria-label=${strings.composer} placeholder=${strings.placeholder}
            aria-invalid=${extra > 0} aria-describedby=${extra > 0 ? "too-long" : nothing}
            .value=${live(draft)}
            @input=${onInput}
            @keydown=${onKey}
          ></textarea>
        </div>
        ${
          chat.busy
            ? html`<button class="send" part="send" type="submit" aria-label=${strings.stop}><i class="square"></i></button>`
            : html`<button class="send" part="send" type="submit" aria-label=${strings.send} ?disabled=${!draft.trim() || extra > 0 || !panel.online}>${icons.send}</button>`
        }
      </div>
    </form>
  `;
}

/** On touch screens Enter makes a new line, as their keyboards promise. */
function touch(): boolean {
  return matchMedia("(pointer: coarse) and (hover: none)").matches;
}
