import type { AgentConfig, Citation, CitedPassage } from "@gpt-agent/core/chat-events";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { Chat } from "./chat.ts";
import { ChatClient } from "./chat-client.ts";
import { type Rgb, readableOn, toCss } from "./colour.ts";
import type { Contact } from "./contact.ts";
import { MAX_MESSAGE_LENGTH, type Message } from "./conversation.ts";
import devicesCss from "./devices.css?sheet";
import { keepFocusInside } from "./focus.ts";
import type { PanelContext } from "./gpt-agent.ts";
import { plainText } from "./markdown.ts";
import panelCss from "./panel.css?sheet";
import { parsePrompts } from "./prompts.ts";
import { chooseLocale, type Locale, launcherStrings, type Strings, strings } from "./strings.ts";
import { UnreadBadge } from "./unread-badge.ts";
import composerCss from "./views/composer.css?sheet";
import { composerView } from "./views/composer.ts";
import headerCss from "./views/header.css?sheet";
import { headerView } from "./views/header.ts";
import { historyView } from "./views/history.ts";
import messagesCss from "./views/messages.css?sheet";
import { messagesView } from "./views/messages.ts";
import { noticeView } from "./views/notice.ts";
import sheetCss from "./views/sheet.css?sheet";
import { sheetView } from "./views/sheet.ts";
import { rememberOpen, VisitMemory } from "./visit.ts";

/** Closer to the end than this, in px, the list follows the answer as it grows. */
const NEAR_END = 48;
/** After as long out of sight, in ms, phones may have frozen the page and its connection died unheard. */
const AWAY = 30_000;

/** A quote that has been opened; the passage around it arrives a moment later. */
export type Sheet = { messageId: string; citation: Citation; passage?: CitedPassage; missing?: boolean };

/**
 * The chat inside <gpt-agent>: draws the state of a Chat and turns what the visitor does into calls on it. It draws into
 * the shadow root of its host, so that ::part() reaches everything.
 */
export class ChatPanel extends LitElement {
  context!: PanelContext;
  chat!: Chat;
  config: AgentConfig | null = null;
  /** The server refuses this agent here. */
  missing = false;
  draft = "";
  showing: "chat" | "history" = "chat";
  menu: "closed" | "open" | "erase" = "closed";
  sheet: Sheet | null = null;
  /** The card for contact details, once it was needed. */
  contact?: Contact;
  /** Ids of the messages whose copy was just taken, and whose rating may be explained. */
  copied = "";
  explaining = "";
  thanked = "";
  online = navigator.onLine;
  /** Away from the end of the list. */
  scrolledUp = false;
  /** For screen readers: what is going on, and the last finished answer. */
  aloud = "";
  answerAloud = "";
  #visit!: VisitMemory;
  #open = false;
  #restored = false;
  /** Another tab has gone on with this conversation. */
  #outdated = false;
  /** The tool call that waits for the visitor. */
  #asking?: string;
  #hadFocus = false;
  #hiddenAt = 0;
  #unread = 0;
  #badge?: UnreadBadge;
  #painted?: Rgb;
  #ticking?: ReturnType<typeof setTimeout>;
  #citationFetch?: AbortController;
  #returnFocus?: HTMLElement;

  override createRenderRoot(): HTMLElement {
    return this;
  }

  begin(context: PanelContext): void {
    this.context = context;
    this.part.add("panel");
    this.tabIndex = -1;
    const reports = context.host.getAttribute("error-reports");
    if (reports) import("./reports.ts").then(({ watch }) => watch(reports, context.agentId));
    this.#beginVisit();
    this.#loadConfig();
  }

  get inline(): boolean {
    return this.context.host.getAttribute("mode") === "inline";
  }

  get locale(): Locale {
    const { host } = this.context;
    return chooseLocale(this.#visit.get().locale, host.getAttribute("locale"), document.documentElement.lang, navigator.language);
  }

  get strings(): Strings {
    return strings[this.locale];
  }

  get texts(): { greeting: string; prompts: string[] } {
    const { host } = this.context;
    const configured = this.config?.texts[this.locale];
    return {
      greeting: host.getAttribute("greeting") || configured?.greeting || this.strings.greeting,
      prompts: parsePrompts(host.getAttribute("prompts")) ?? configured?.prompts ?? [],
    };
  }

  /** @param how.focus move the focus to the composer · how.byVisitor the visitor pressed something of ours */
  async open({ focus = true, byVisitor = false } = {}): Promise<void> {
    if (!this.#open) {
      this.#open = true;
      this.#unread = 0;
      if (byVisitor || this.#visit.get().token) this.#rememberOpen(true);
      this.context.showOpen(true);
      this.#showUnread();
      if (!this.config) this.#loadConfig();
      this.#restore();
      this.#catchUp();
      this.announce("open", {});
    }
    this.requestUpdate();
    await this.updateComplete;
    if (focus) this.focusComposer();
  }

  close(): void {
    if (!this.#open || this.inline) return;
    const focused = this.contains(this.context.root.activeElement);
    this.#open = false;
    this.menu = "closed";
    this.#rememberOpen(false);
    this.context.showOpen(false);
    this.requestUpdate();
    this.announce("close", {});
    if (focused) this.context.root.querySelector<HTMLElement>(".launcher")?.focus();
  }

  toggle(): void {
    if (this.#open) this.close();
    else this.open();
  }

  async sendMessage({ text }: { text: string }): Promise<void> {
    await this.#restore();
    await this.ask(text);
  }

  setComposerValue(text: string): void {
    this.draft = String(text);
    this.requestUpdate();
  }

  async setThread(id: string | null): Promise<void> {
    this.#restored = true;
    this.showing = "chat";
    if (id) await this.chat.openConversation(id);
    else this.chat.newConversation();
  }

  regenerate(): Promise<void> {
    return this.chat.regenerate();
  }

  stop(): void {
    if (!this.chat.busy) return;
    this.chat.stop();
    this.aloud = this.strings.stopped;
    this.requestUpdate();
  }

  /** Shows the card for contact details; `handoff` asks for a person first. */
  async requestContact({ handoff = false } = {}): Promise<void> {
    this.menu = "closed";
    this.showing = "chat";
    try {
      this.contact ??= new (await import("./contact.ts")).Contact(this);
      await this.contact.begin(handoff);
    } catch (problem) {
      this.announce("error", { code: "network", message: String(problem) });
    }
    this.requestUpdate();
  }

  /** The page says who the visitor is. */
  identified(): Promise<void> {
    return this.chat.identified();
  }

  reset(): void {
    if (this.chat.conversation.messages.length > 0) this.chat.tell("end", {}).catch(() => {});
    this.chat.dispose();
    this.contact = this.context.host.identity = undefined;
    this.#visit.clear();
    this.#rememberOpen(this.#open);
    this.#beginVisit();
    this.#restored = true;
    this.announce("thread-change", { id: null });
  }

  /** Asks, unless the message is empty or too long, or the page objects. Says whether the message went out. */
  async ask(text: string): Promise<boolean> {
    const question = text.trim();
    if (!question || question.length > MAX_MESSAGE_LENGTH) return false;
    // A question asked while the kept conversation is still on its way waits for it.
    while (this.chat.loading) await this.chat.loaded;
    if (this.chat.busy || this.unavailable) return false;
    if (!this.announce("before-send", { text: question }, true)) return false;
    if (text === this.draft) this.draft = "";
    this.aloud = this.strings.thinking;
    this.answerAloud = "";
    this.scrolledUp = false;
    this.showing = "chat";
    await this.chat.send(question);
    return true;
  }

  /** Nothing can be asked at all. */
  get unavailable(): boolean {
    return this.missing || this.config?.status === "paused";
  }

  setLocale(locale: Locale): void {
    this.#visit.set({ locale });
    this.menu = "closed";
    this.requestUpdate();
  }

  focusComposer(): void {
    // On touch screens the focus would bring up the keyboard and hide what there is to read first.
    const target = matchMedia("(pointer: coarse)").matches ? null : this.querySelector<HTMLElement>("textarea");
    (target ?? this).focus({ preventScroll: true });
  }

  async openCitation(message: Message, index: number): Promise<void> {
    const citation = message.citations.find((candidate) => candidate.index === index);
    if (!citation) return;
    this.announce("citation-click", { messageId: message.id, index });
    this.#returnFocus = this.context.root.activeElement as HTMLElement;
    this.#citationFetch?.abort();
    const fetching = new AbortController();
    this.#citationFetch = fetching;
    this.sheet = { messageId: message.id, citation };
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector<HTMLElement>(".sheet")?.focus();
    const found = await this.chat.citedPassage(message.id, index, fetching.signal).then(
      (passage) => ({ passage }),
      () => ({ missing: true }),
    );
    if (fetching.signal.aborted || !this.sheet) return;
    this.sheet = { ...this.sheet, ...found };
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector(".sheet mark")?.scrollIntoView({ block: "center" });
  }

  closeSheet(): void {
    this.#citationFetch?.abort();
    this.sheet = null;
    this.requestUpdate();
    this.updateComplete.then(() => this.#returnFocus?.focus());
  }

  announce(name: string, detail: Record<string, unknown>, cancelable = false): boolean {
    if (name === "response-end") this.#answerEnded(String(detail.status), String(detail.text));
    if (name === "error") this.aloud = this.strings.errors[detail.code as keyof Strings["errors"]] ?? this.strings.errors.other;
    return this.context.host.dispatchEvent(new CustomEvent(`gpt-agent:${name}`, { bubbles: true, composed: true, cancelable, detail }));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("pointerdown", this.#onPointer);
    for (const name of ["online", "offline"]) window.addEventListener(name, this.#onLine);
    window.addEventListener("storage", this.#onStorage);
    document.addEventListener("visibilitychange", this.#onVisibility);
    window.visualViewport?.addEventListener("resize", this.#onViewport);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const name of ["online", "offline"]) window.removeEventListener(name, this.#onLine);
    window.removeEventListener("storage", this.#onStorage);
    document.removeEventListener("visibilitychange", this.#onVisibility);
    window.visualViewport?.removeEventListener("resize", this.#onViewport);
    // Moved elements come back at once; only one that stays away lets go of its answer.
    queueMicrotask(() => {
      if (this.isConnected) return;
      clearTimeout(this.#ticking);
      this.chat.dispose();
    });
  }

  /** Words arrive many times a frame: one drawing a frame is enough. */
  protected override async scheduleUpdate(): Promise<void> {
    if (!document.hidden) await new Promise(requestAnimationFrame);
    await super.scheduleUpdate();
  }

  protected override willUpdate(): void {
    this.#hadFocus = this.contains(this.context.root.activeElement);
    const call = this.chat.conversation.messages.at(-1)?.tools.find(({ state }) => state === "asking");
    if (call?.id === this.#asking) return;
    this.#asking = call?.id;
    if (!call) return;
    // The focus stays where it is: somebody may be writing.
    this.aloud = `${this.strings.consent} ${call.title}`;
    this.#countUnread();
  }

  protected override render(): TemplateResult {
    return html`
      <div class="body" ?inert=${this.sheet !== null}>
        ${headerView(this)}
        ${this.showing === "history" ? historyView(this) : html`${messagesView(this)}${noticeView(this)}${composerView(this)}`}
      </div>
      ${this.sheet ? sheetView(this, this.sheet) : nothing}
      <div class="aloud" role="status">${this.aloud}</div>
      <div class="aloud" aria-live="polite">${this.answerAloud}</div>
    `;
  }

  protected override updated(): void {
    const { host } = this.context;
    this.toggleAttribute("data-open", this.#open || this.inline);
    this.toggleAttribute("data-inline", this.inline);
    this.dataset.side = host.getAttribute("position") ?? this.config?.position ?? "bottom-right";
    this.lang = this.locale;
    this.role = this.inline ? "region" : "dialog";
    this.ariaLabel = this.config?.name ?? this.strings.assistant;
    this.ariaModal = this.#fullScreen ? "true" : null;
    this.#paint();
    // What was pressed (a suggested question, say) may be gone now.
    if (this.#hadFocus && !this.context.root.activeElement) this.focusComposer();
    if (!this.scrolledUp && this.chat.conversation.messages.length > 0) this.scrollToEnd();
    clearTimeout(this.#ticking);
    if ((this.chat.failure?.retryAt ?? 0) > Date.now()) this.#ticking = setTimeout(() => this.requestUpdate(), 1_000);
  }

  scrollToEnd(): void {
    const list = this.querySelector(".scroll");
    if (list) list.scrollTop = list.scrollHeight;
  }

  onScroll(list: HTMLElement): void {
    const up = list.scrollHeight - list.scrollTop - list.clientHeight > NEAR_END;
    if (up === this.scrolledUp) return;
    this.scrolledUp = up;
    this.requestUpdate();
  }

  get #fullScreen(): boolean {
    return !this.inline && matchMedia("(max-width: 480px)").matches;
  }

  /** The primary colour as text: as it is where it reads well on the panel, else darker or lighter. */
  #paint(): void {
    const primary = this.context.primary();
    if (!primary || primary === this.#painted) return;
    this.#painted = primary;
    const accents = [readableOn(primary, [255, 255, 255]), readableOn(primary, [32, 35, 43])].map(toCss);
    this.style.setProperty("--accent", `light-dark(${accents})`);
  }

  #beginVisit(): void {
    const { agentId, base } = this.context;
    const visit = new VisitMemory(agentId, () => localStorage);
    this.#visit = visit;
    this.chat = new Chat({
      client: new ChatClient({
        base,
        agentId,
        locale: () => this.locale,
        token: { get: () => visit.get().token, set: (token) => visit.set({ token }) },
        identity: () => this.#identity(),
      }),
      visit,
      changed: () => this.requestUpdate(),
      announce: (name, detail) => this.announce(name, detail),
      tools: () => this.context.host.clientTools,
      online: async () => navigator.onLine || new Promise((online) => window.addEventListener("online", online, { once: true })),
    });
    this.requestUpdate();
  }

  /** Who the page says is there: by what it was given to, or by asking its server. */
  async #identity(): Promise<string | undefined> {
    const { host } = this.context;
    const url = host.getAttribute("user-token-url");
    if (host.identity || !url) return host.identity;
    const response = await fetch(url, { cache: "no-store" }).catch(() => null);
    const told = response?.ok ? (await response.text()).trim() : "";
    return (told.startsWith("{") ? JSON.parse(told).token : told) || undefined;
  }

  async #loadConfig(): Promise<void> {
    try {
      this.config = await this.context.config();
      this.missing = false;
    } catch (problem) {
      this.missing = [403, 404].includes((problem as { status?: number }).status ?? 0);
    }
    this.requestUpdate();
  }

  /** The last visit's conversation; a visitor without one causes no request. */
  async #restore(): Promise<void> {
    if (this.#restored) return;
    this.#restored = true;
    if (this.#visit.get().token) await this.chat.restore();
  }

  #answerEnded(status: string, text: string): void {
    this.aloud = "";
    if (status === "complete") this.answerAloud = `${this.strings.answered} ${plainText(text).replace(/[*_`#>|]+/g, "")}`;
    if (this.showing === "history") this.chat.loadHistory().catch(() => {});
    if (status !== "stopped") this.#countUnread();
  }

  #countUnread(): void {
    if (this.#open || this.inline) return;
    this.#unread += 1;
    this.#showUnread();
    this.announce("unread", { count: this.#unread });
  }

  #showUnread(): void {
    this.#badge ??= new UnreadBadge(this.context.launcher);
    this.#badge.show(this.#unread, [launcherStrings[this.locale], this.config?.name], this.strings.unread);
  }

  #rememberOpen(open: boolean): void {
    rememberOpen(this.context.agentId, open && !this.inline, () => sessionStorage);
  }

  readonly #onLine = (): void => {
    this.online = navigator.onLine;
    // A connection that is gone may look alive for long.
    if (!this.online) this.chat.reconnect();
    this.requestUpdate();
  };

  readonly #onVisibility = (): void => {
    if (document.hidden) this.#hiddenAt = Date.now();
    else if (Date.now() - this.#hiddenAt > AWAY) this.chat.reconnect();
    this.#catchUp();
  };

  readonly #onStorage = ({ key }: StorageEvent): void => {
    if (key !== this.#visit.key) return;
    const { conversationId, answerId } = this.#visit.reload();
    const { id, messages } = this.chat.conversation;
    this.#outdated ||= id === conversationId && Boolean(answerId) && !messages.some((message) => message.id === answerId);
    this.#catchUp();
  };

  /** Shows what another tab has asked, once somebody looks. */
  #catchUp(): void {
    if (!this.#outdated || document.hidden || !(this.#open || this.inline)) return;
    this.#outdated = false;
    this.chat.refresh();
  }

  /** The on-screen keyboard takes part of the screen: the panel keeps to what is left. */
  readonly #onViewport = (): void => {
    this.style.setProperty("--visible-height", `${window.visualViewport?.height}px`);
  };

  readonly #onPointer = (event: PointerEvent): void => {
    if (this.menu !== "closed" && !event.composedPath().some((node) => node instanceof Element && node.matches(".menu, .menu-button"))) {
      this.menu = "closed";
      this.requestUpdate();
    }
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    // The page's own shortcuts must not fire while somebody types here.
    event.stopPropagation();
    if (event.key === "Escape" && !event.isComposing) this.#escape(event);
    // On a phone the panel is the whole screen.
    if (event.key === "Tab" && this.#fullScreen && !this.sheet) keepFocusInside(event, this);
  };

  #escape(event: KeyboardEvent): void {
    event.preventDefault();
    if (this.sheet) this.closeSheet();
    else if (this.menu !== "closed") {
      this.menu = "closed";
      this.querySelector<HTMLElement>(".menu-button")?.focus();
      this.requestUpdate();
    } else if (this.showing === "history") {
      this.showing = "chat";
      this.requestUpdate();
      this.updateComplete.then(() => this.focusComposer());
    } else this.close();
  }
}

/** Makes the chat of an element, in its shadow root. */
export function createPanel(context: PanelContext): ChatPanel {
  if (!customElements.get("gpt-agent-chat")) customElements.define("gpt-agent-chat", ChatPanel);
  const sheets = context.root.adoptedStyleSheets;
  const own = [panelCss, headerCss, messagesCss, composerCss, sheetCss, devicesCss];
  // Before the instance's own sheet of colours, which comes last.
  if (!sheets.includes(panelCss)) context.root.adoptedStyleSheets = [...sheets.slice(0, -1), ...own, ...sheets.slice(-1)];
  const panel = document.createElement("gpt-agent-chat") as ChatPanel;
  panel.begin(context);
  context.root.append(panel);
  return panel;
}
