import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import type { ChatPanel } from "../chat-panel.ts";
import type { Message } from "../conversation.ts";
import { icons } from "../icons.ts";
import { plainText } from "../markdown.ts";
import { markdown } from "./markdown-directive.ts";
import { consentView, toolView } from "./tools.ts";

/** The conversation, or what one reads before it has begun. */
export function messagesView(panel: ChatPanel): TemplateResult {
  const { chat, strings, scrolledUp } = panel;
  const { messages, phase } = chat.conversation;
  const last = messages.at(-1);
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${strings.messages} @scroll=${(event: Event) => panel.onScroll(event.target as HTMLElement)}>
      ${chat.loading ? skeletonView(panel) : messages.length === 0 ? welcomeView(panel) : nothing}
      <ol class="messages" part="messages" ?hidden=${messages.length === 0}>
        ${messages.map((message) =>
          keyed(
            message.id,
            message.author === "visitor"
              ? questionView(panel, message)
              : message.author === "system"
                ? html`<li class="aside note">${message.text || strings.passedOn}</li>`
                : answerView(panel, message, message === last),
          ),
        )}
        ${phase === "waiting" ? html`<li class="waiting" aria-hidden="true"><i></i><i></i><i></i></li>` : nothing}
      </ol>
      ${panel.contact?.view() ?? nothing}
      ${phase === "idle" && last && last.author !== "visitor" && !chat.failure ? chipsView(panel, last.suggestions, strings.suggestions) : nothing}
    </div>
    ${
      scrolledUp && messages.length > 0
        ? html`<button class="latest" type="button" aria-label=${strings.latest} @click=${() => panel.scrollToEnd()}>${icons.down}</button>`
        : nothing
    }
  `;
}

function welcomeView(panel: ChatPanel): TemplateResult {
  const { texts, strings, config, unavailable } = panel;
  return html`
    <div class="welcome">
      <p class="greeting">${panel.missing ? strings.missing : unavailable ? strings.paused : texts.greeting}</p>
      ${unavailable ? nothing : chipsView(panel, texts.prompts, strings.starters)}
      <p class="privacy">
        ${strings.privacy}
        ${config?.privacyUrl ? html` <a href=${config.privacyUrl} target="_blank" rel="noopener noreferrer">${strings.privacyLink}</a>` : nothing}
      </p>
    </div>
  `;
}

function skeletonView({ strings }: ChatPanel): TemplateResult {
  return html`<div class="skeleton" role="img" aria-label=${strings.loading}><i></i><i></i><i></i><i></i></div>`;
}

function chipsView(panel: ChatPanel, questions: string[], label: string): TemplateResult | typeof nothing {
  if (questions.length === 0) return nothing;
  return html`
    <ul class="chips" aria-label=${label}>
      ${questions.map((question) => html`<li><button class="chip" part="chip" type="button" @click=${() => panel.ask(question)}>${question}</button></li>`)}
    </ul>
  `;
}

function questionView(panel: ChatPanel, message: Message): TemplateResult {
  return html`
    <li class="message visitor" part="message message-visitor">
      <span class="aloud">${panel.strings.you}</span>
      <div class="bubble" dir="auto" title=${clock(panel, message)}>${message.text}</div>
    </li>
  `;
}

function answerView(panel: ChatPanel, message: Message, last: boolean): TemplateResult {
  const { strings, config } = panel;
  const done = message.status !== "streaming";
  return html`
    <li class="message agent" part="message message-agent" ?data-replaced=${panel.chat.conversation.replacing === message.id}>
      <span class="aloud">${config?.name ?? strings.assistant}:</span>
      ${message.fallback ? html`<p class="aside">${strings.fallback}</p>` : nothing}
      ${message.tools.map((tool) => (tool.title && tool.state !== "asking" ? toolView(panel, tool) : nothing))}
      <div
        class="text" dir="auto"
        ${markdown({
          text: message.text,
          citations: message.citations.map(({ index }) => index),
          done,
          label: (index) => citationLabel(panel, message, index),
          open: (index) => panel.openCitation(message, index),
        })}
      ></div>
      ${message.tools.map((tool) => (tool.state === "asking" ? consentView(panel, tool) : nothing))}
      ${message.notice ? html`<p class="aside">${message.notice}</p>` : nothing}
      ${message.status === "stopped" ? html`<p class="aside">${strings.stopped}</p>` : nothing}
      ${done ? html`${sourcesView(panel, message)}${actionsView(panel, message, last)}` : nothing}
    </li>
  `;
}

function citationLabel({ strings }: ChatPanel, message: Message, index: number): string {
  const title = message.citations.find((citation) => citation.index === index)?.title;
  return title ? `${strings.citation(index)}: ${title}` : strings.citation(index);
}

function sourcesView(panel: ChatPanel, message: Message): TemplateResult | typeof nothing {
  const { strings } = panel;
  if (message.citations.length === 0) return nothing;
  return html`
    <details class="sources">
      <summary>${icons.chevron}${strings.sources(message.citations.length)}</summary>
      <ol>
        ${message.citations.map(
          ({ index, title, page }) => html`
            <li>
              <button type="button" @click=${() => panel.openCitation(message, index)}>
                <span class="number" aria-hidden="true">${index}</span>
                <span class="name">${title}</span>
                ${page ? html`<span class="page">${strings.page(page)}</span>` : nothing}
              </button>
            </li>`,
        )}
      </ol>
    </details>
  `;
}

function actionsView(panel: ChatPanel, message: Message, last: boolean): TemplateResult {
  const { strings, chat } = panel;
  const { rating } = message;
  const button = (icon: TemplateResult, label: string, action: () => void, pressed?: boolean) => html`
    <button class="icon small" type="button" aria-label=${label} title=${label} aria-pressed=${pressed ?? nothing} @click=${action}>${icon}</button>
  `;
  const copied = panel.copied === message.id;
  return html`
    <div class="actions" ?data-last=${last}>
      ${"clipboard" in navigator ? button(copied ? icons.done : icons.copy, copied ? strings.copied : strings.copy, () => copy(panel, message)) : nothing}
      ${last && !chat.busy && !chat.failure ? button(icons.again, strings.regenerate, () => panel.regenerate()) : nothing}
      ${button(icons.good, strings.good, () => rate(panel, message, "up"), rating === "up")}
      ${button(icons.bad, strings.bad, () => rate(panel, message, "down"), rating === "down")}
      <time datetime=${message.createdAt}>${clock(panel, message)}</time>
    </div>
    ${panel.explaining === message.id ? explanationView(panel, message) : nothing}
    ${panel.thanked === message.id ? html`<p class="aside">${strings.badThanks}</p>` : nothing}
  `;
}

/** What was wrong with an answer, in the visitor's words, if they care to say. */
function explanationView(panel: ChatPanel, message: Message): TemplateResult {
  const { strings } = panel;
  const submit = (event: Event) => {
    event.preventDefault();
    const comment = new FormData(event.target as HTMLFormElement).get("comment")?.toString().trim();
    panel.explaining = "";
    if (comment) {
      panel.thanked = message.id;
      panel.aloud = strings.badThanks;
      panel.chat.rate(message, "down", comment);
    }
    panel.requestUpdate();
    panel.focusComposer();
  };
  return html`
    <form class="card explanation" @submit=${submit}>
      <label>${strings.badQuestion}<textarea name="comment" rows="2" maxlength="1000"></textarea></label>
      <div class="row">
        <button class="plain" type="reset" @click=${() => {
          panel.explaining = "";
          panel.requestUpdate();
        }}>${strings.skip}</button>
        <button class="plain strong" type="submit">${strings.badSend}</button>
      </div>
    </form>
  `;
}

function rate(panel: ChatPanel, message: Message, rating: "up" | "down"): void {
  panel.explaining = rating === "down" ? message.id : "";
  panel.thanked = "";
  panel.chat.rate(message, rating);
  if (rating === "down") panel.updateComplete.then(() => panel.querySelector<HTMLElement>(".explanation textarea")?.focus());
}

async function copy(panel: ChatPanel, message: Message): Promise<void> {
  const copied = await navigator.clipboard.writeText(plainText(message.text)).then(
    () => true,
    () => false,
  );
  if (!copied) return;
  panel.copied = message.id;
  panel.aloud = panel.strings.copied;
  panel.requestUpdate();
  setTimeout(() => {
    panel.copied = "";
    panel.requestUpdate();
  }, 1_500);
}

function clock({ locale }: ChatPanel, { createdAt }: Message): string {
  return new Date(createdAt).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}
