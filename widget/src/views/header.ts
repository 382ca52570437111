import { html, nothing, type TemplateResult } from "lit";
import type { ChatPanel } from "../chat-panel.ts";
import { icons } from "../icons.ts";
import { plainText } from "../markdown.ts";

/** Who one is talking to, and what else can be done. */
export function headerView(panel: ChatPanel): TemplateResult {
  const { strings, config } = panel;
  return html`
    <div class="header" part="header">
      ${
        panel.showing === "history"
          ? html`
            <button class="icon" type="button" aria-label=${strings.back} @click=${() => show(panel, "chat")}>${icons.back}</button>
            <h2 class="title">${strings.history}</h2>`
          : html`
            ${avatarView(panel)}
            <div class="who">
              <h2 class="title">${config?.name ?? strings.assistant}</h2>
              <p class="subtitle">${strings.subtitle}</p>
            </div>
            <button
              class="icon menu-button" type="button" aria-label=${strings.menu} aria-expanded=${panel.menu !== "closed"}
              ?disabled=${panel.unavailable}
              @click=${() => setMenu(panel, panel.menu === "closed" ? "open" : "closed")}
            >${icons.menu}</button>`
      }
      ${
        panel.inline
          ? nothing
          : html`<button class="icon" type="button" aria-label=${strings.close} @click=${() => panel.close()}>${icons.close}</button>`
      }
      ${panel.menu === "closed" ? nothing : menuView(panel)}
    </div>
  `;
}

function avatarView({ config, strings }: ChatPanel): TemplateResult {
  const name = config?.name ?? strings.assistant;
  return config?.avatar?.startsWith("data:image/")
    ? html`<img class="avatar" src=${config.avatar} alt="" @error=${(event: Event) => (event.target as Element).remove()} />`
    : html`<span class="avatar" aria-hidden="true">${Array.from(name)[0]?.toUpperCase()}</span>`;
}

function menuView(panel: ChatPanel): TemplateResult {
  const { strings, chat } = panel;
  const talked = chat.conversation.messages.length > 0;
  if (panel.menu === "erase") {
    return html`
      <div class="menu ask" role="group" aria-label=${strings.eraseQuestion}>
        <p>${strings.eraseQuestion}</p>
        <div class="row">
          <button class="plain" type="button" @click=${() => setMenu(panel, "closed")}>${strings.cancel}</button>
          <button class="plain danger" type="button" @click=${() => erase(panel)}>${strings.eraseYes}</button>
        </div>
      </div>
    `;
  }
  const item = (icon: TemplateResult, text: string, action: () => void, lang?: string) =>
    html`<button type="button" lang=${lang ?? nothing} @click=${action}>${icon}${text}</button>`;
  return html`
    <div class="menu" role="group" aria-label=${strings.menu}>
      ${item(icons.plus, strings.newChat, () => {
        chat.newConversation();
        setMenu(panel, "closed");
        panel.focusComposer();
      })}
      ${panel.config?.handoff ? item(icons.person, strings.person, () => panel.requestContact({ handoff: true })) : nothing}
      ${item(icons.clock, strings.history, () => show(panel, "history"))}
      ${item(icons.globe, strings.language, () => panel.setLocale(panel.locale === "ru" ? "en" : "ru"), panel.locale === "ru" ? "en" : "ru")}
      ${
        talked
          ? html`${item(icons.download, strings.download, () => download(panel))}${item(icons.erase, strings.erase, () => setMenu(panel, "erase"))}`
          : nothing
      }
    </div>
  `;
}

function setMenu(panel: ChatPanel, menu: ChatPanel["menu"]): void {
  panel.menu = menu;
  panel.requestUpdate();
  panel.updateComplete.then(() => {
    const target = menu === "closed" ? ".menu-button" : ".menu button";
    panel.querySelector<HTMLElement>(target)?.focus();
  });
}

function show(panel: ChatPanel, showing: ChatPanel["showing"]): void {
  panel.menu = "closed";
  panel.showing = showing;
  if (showing === "history") panel.chat.loadHistory().catch(() => panel.announce("error", { code: "network", message: "" }));
  panel.requestUpdate();
  panel.updateComplete.then(() => (showing === "chat" ? panel.focusComposer() : panel.querySelector<HTMLElement>(".icon")?.focus()));
}

async function erase(panel: ChatPanel): Promise<void> {
  setMenu(panel, "closed");
  await panel.chat.forget().catch(() => panel.announce("error", { code: "network", message: "The conversation could not be deleted." }));
}

/** Saves the conversation as a text file, without asking the server. */
function download({ chat, config, strings }: ChatPanel): void {
  const lines = chat.conversation.messages
    .filter(({ text }) => text)
    .map(({ author, text, citations }) => {
      const speaker = author === "visitor" ? strings.you : `${config?.name ?? strings.assistant}:`;
      const sources = citations.map((citation) => `[${citation.index}] ${citation.title}${citation.url ? ` ${citation.url}` : ""}`);
      return [speaker, citations.length ? text : plainText(text), ...sources].join("\n");
    });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\n\n")], { type: "text/plain" }));
  link.download = `chat-${new Date().toISOString().slice(0, 10)}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
