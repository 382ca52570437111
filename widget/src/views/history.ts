import { html, type TemplateResult } from "lit";
import type { ChatPanel } from "../chat-panel.ts";

/** The visitor's earlier conversations. */
export function historyView(panel: ChatPanel): TemplateResult {
  const { chat, strings, locale } = panel;
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const open = (id: string) => {
    panel.setThread(id);
    panel.updateComplete.then(() => panel.focusComposer());
  };
  return html`
    <div class="scroll history">
      ${
        chat.history.length
          ? html`<ul>${chat.history.map(
              ({ id, title, lastMessageAt }) => html`
                <li>
                  <button type="button" aria-current=${id === chat.conversation.id} @click=${() => open(id)}>
                    <span class="name">${title || strings.untitled}</span>
                    <time datetime=${lastMessageAt}>${day.format(new Date(lastMessageAt))}</time>
                  </button>
                </li>`,
            )}</ul>`
          : html`<p class="empty">${strings.historyEmpty}</p>`
      }
    </div>
  `;
}
