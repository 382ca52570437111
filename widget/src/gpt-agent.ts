import type { AgentConfig } from "@gpt-agent/core/chat-events";
import type { ChatPanel } from "./chat-panel.ts";
import { parseComputed, type Rgb, textOn } from "./colour.ts";
import launcherSheet from "./launcher.css?sheet";
import type { PageTools } from "./page-tools.ts";
import { chooseLocale, launcherStrings } from "./strings.ts";

/** File of the chat module, relative to the script; filled in by the build. */
declare const CHAT_MODULE: string;

/** What the chat is given by its element. */
export type PanelContext = {
  host: GptAgent;
  root: ShadowRoot;
  agentId: string;
  /** Origin of the API, without a slash at the end. */
  base: string;
  /** Fetched anew after a failure. */
  config(): Promise<AgentConfig>;
  /** The primary colour as the page shows it; null when the browser writes it in a way that is not known here. */
  primary(): Rgb | null;
  launcher: HTMLButtonElement;
  /** The panel takes the launcher's place, or gives it back. */
  showOpen(open: boolean): void;
};

export type AgentOptions = Partial<{
  agentId: string;
  mode: "launcher" | "inline";
  position: "bottom-right" | "bottom-left";
  locale: string;
  dir: "ltr" | "rtl" | "auto";
  theme: "auto" | "light" | "dark";
  primaryColor: string;
  greeting: string;
  prompts: string[];
  openOnLoad: boolean;
  apiBase: string;
  userTokenUrl: string;
}>;

/** What can be asked of the element (see there); `setOptions` is its own. */
export const METHODS = [
  "open",
  "close",
  "toggle",
  "sendMessage",
  "setComposerValue",
  "setThread",
  "regenerate",
  "stop",
  "reset",
  "requestContact",
] as const;
export interface GptAgent extends AgentMethods {}
type AgentMethods = { [Name in (typeof METHODS)[number]]: (...args: Parameters<ChatPanel[Name]>) => Promise<void> };

const DEFAULT_PRIMARY = "#5b4fd6";
const RESTARTING = ["agent-id", "api-base", "mode"];

/**
 * A chat with one agent: a round launcher in a corner of the page, or the chat itself in the flow of the page. Only the
 * launcher lives here; the chat is loaded when it is first needed, and methods called earlier wait for it.
 *
 * @element gpt-agent
 *
 * @attr agent-id - public id of the agent (required)
 * @attr mode - `launcher` (default) or `inline`
 * @attr position - `bottom-right` or `bottom-left`; default: the agent's setting
 * @attr locale - `en` or `ru`; default: the page's language, then the browser's
 * @attr dir - `ltr`, `rtl` or `auto`; default: the page's direction
 * @attr theme - `auto` (follows the system), `light` or `dark`; default: the agent's setting
 * @attr primary-color - any CSS colour; text on it is chosen for contrast. Default: the agent's setting
 * @attr greeting - first words, in place of the agent's
 * @attr prompts - questions to start with, in place of the agent's: a JSON array, or texts separated by `|`
 * @attr open-on-load - opens the panel by itself (the focus stays where it is)
 * @attr user-token-url - address of the page's own server that tells who is signed in: `{"token": "…"}`, or the token as text.
 *   Asked with the page's cookies when a session is needed: first when the visitor turns to the chat
 * @attr error-reports - a DSN of Sentry that hears of errors in this element's own code, and of nothing else on the page. The page's policy has
 *   to allow connections there
 * @attr nonce - the nonce of the page's policy, if it has one; nothing here needs it, the script's own is enough
 * @attr api-base - address of the portal, when the script comes from somewhere else
 *
 * @prop clientTools - what the page can do when the model asks for it: an object of up to 16 tools by name
 *   (`[a-zA-Z][a-zA-Z0-9_-]{0,39}`), each with a `description` (1,000 characters) and a JSON schema `parameters` (6,000) for
 *   the model, and a function `run(input)` that returns what JSON can hold, or a promise of it, within 30 seconds. May be
 *   set before the script has loaded and changed at any time. `input` is an object written by the model: check it as you
 *   would check a stranger's
 *
 * @method open() - opens the panel and moves the focus to the composer
 * @method close() - closes it and moves the focus back to the launcher
 * @method toggle()
 * @method sendMessage({text}) - asks in the visitor's name; resolves when the answer has ended
 * @method setComposerValue(text) - writes into the composer without sending
 * @method setThread(id) - shows one of the visitor's conversations; `null` begins a new one
 * @method regenerate() - makes the last answer anew
 * @method stop() - stops the running answer
 * @method identify({token}) - says who the visitor is, in a token that your server has signed; the open conversation goes on
 * @method requestContact() - shows the card that asks for contact details, where the agent takes them
 * @method reset() - forgets the visitor in this browser and begins anew: for when they sign out
 * @method setOptions(options) - sets several attributes at once, named in camelCase; others stay
 *
 * @fires gpt-agent:ready - the launcher (or the inline chat) can be used
 * @fires gpt-agent:open
 * @fires gpt-agent:close
 * @fires gpt-agent:before-send - `{text}`; cancelable
 * @fires gpt-agent:message - `{id, role, text}`, for questions and finished answers
 * @fires gpt-agent:response-start - `{messageId}`
 * @fires gpt-agent:response-end - `{messageId, status, text}`; status is `complete`, `stopped` or `failed`
 * @fires gpt-agent:tool-call - `{toolCallId, name, input}`: one of the page's `clientTools` is about to run
 * @fires gpt-agent:handoff - `{conversationId, state}`: the visitor has asked for a person
 * @fires gpt-agent:lead - `{conversationId, name, email, phone}`: the visitor has left contact details
 * @fires gpt-agent:citation-click - `{messageId, index}`
 * @fires gpt-agent:feedback - `{messageId, rating, comment}`
 * @fires gpt-agent:thread-change - `{id}`, `null` for a new conversation
 * @fires gpt-agent:unread - `{count}`
 * @fires gpt-agent:error - `{code, message, cause}`
 *
 * @csspart launcher - the round button
 * @csspart badge - the number of unread answers on it
 * @csspart panel - the chat as a whole
 * @csspart header
 * @csspart messages - the list of messages
 * @csspart message - one message; also `message-visitor` or `message-agent`
 * @csspart citation - the marker of a citation in an answer
 * @csspart chip - a suggested question
 * @csspart contact - the card that asks for contact details
 * @csspart consent - the card that asks before an action is done
 * @csspart composer
 * @csspart send - the send and stop button
 * @csspart sheet - the sheet that shows a quoted passage
 *
 * @cssprop --gpt-agent-primary - as primary-color, for stylesheets; wins over it
 * @cssprop --gpt-agent-on-primary - text on the primary colour (computed)
 * @cssprop --gpt-agent-font - font family (system-ui)
 * @cssprop --gpt-agent-surface - background of the panel
 * @cssprop --gpt-agent-raised - background of what stands out from it
 * @cssprop --gpt-agent-text
 * @cssprop --gpt-agent-muted - less important text
 * @cssprop --gpt-agent-border
 * @cssprop --gpt-agent-radius - corners of the panel (16px)
 * @cssprop --gpt-agent-width - width of the panel (400px)
 * @cssprop --gpt-agent-height - height of the panel (680px)
 * @cssprop --gpt-agent-offset - distance from the corner of the page (20px)
 * @cssprop --gpt-agent-z-index
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are made from METHODS, which keeps the loader small
export class GptAgent extends HTMLElement {
  static observedAttributes = [...RESTARTING, "position", "locale", "theme", "primary-color", "greeting", "prompts"];
  /** Address of the script that defined the element; the chat module lies beside it. */
  static script: string;

  // Only declared: what the page has set before the script came stays.
  declare clientTools?: PageTools;
  /** What `identify` was given last. */
  identity?: string;

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #look = new CSSStyleSheet();
  readonly #launcher = document.createElement("button");
  #config?: Promise<AgentConfig>;
  #settings?: AgentConfig;
  #panel?: Promise<ChatPanel>;
  #primary: Rgb | null = null;
  #running = false;

  static {
    // Each waits for the chat to be there and is then done by it.
    for (const name of METHODS) {
      GptAgent.prototype[name] = function (this: GptAgent, ...args: unknown[]) {
        return this.#call((panel) => (panel[name] as (...args: unknown[]) => unknown)(...args));
      };
    }
  }

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [launcherSheet, this.#look];
    this.#buildLauncher();
  }

  setOptions(options: AgentOptions): void {
    for (const [name, value] of Object.entries(options)) {
      const attribute = name.replace(/[A-Z]/g, "-$&").toLowerCase();
      if (typeof value === "boolean") this.toggleAttribute(attribute, value);
      else if (value === undefined || value === null) this.removeAttribute(attribute);
      else this.setAttribute(attribute, Array.isArray(value) ? JSON.stringify(value) : String(value));
    }
  }

  identify(given?: { token: string }): void {
    this.identity = given?.token;
    // Loads nothing by itself.
    this.#panel?.then((panel) => panel.identified());
  }

  connectedCallback(): void {
    if (!this.#running) this.#start();
  }

  disconnectedCallback(): void {
    // An element that is only moved is connected again at once, and its answer goes on.
    queueMicrotask(() => this.isConnected || this.#end());
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.#running || before === now) return;
    if (RESTARTING.includes(name)) {
      this.#end();
      this.#start();
    } else {
      this.#paint();
      this.#panel?.then((panel) => panel.requestUpdate());
    }
  }

  get #agentId(): string {
    return this.getAttribute("agent-id") ?? "";
  }

  get #base(): string {
    return new URL(this.getAttribute("api-base") ?? "/", GptAgent.script).href.replace(/\/$/, "");
  }

  #start(): void {
    this.#running = true;
    const id = this.#agentId;
    this.#launcher.toggleAttribute("data-away", true);
    this.#loadConfig().then(
      () => this.#ready(id),
      (problem) => {
        // An agent that does not exist or may not talk here shows nothing; a server that is away may come back.
        if (problem.status !== 403 && problem.status !== 404) this.#ready(id);
      },
    );
    if (this.getAttribute("mode") === "inline") this.#loadWhenVisible();
    else if (this.hasAttribute("open-on-load") || wasOpen(id)) this.#call((panel) => panel.open({ focus: false }));
  }

  #end(): void {
    this.#running = false;
    this.#panel?.then((panel) => panel.remove());
    this.#panel = this.#config = this.#settings = undefined;
    this.#show(false);
  }

  #ready(agentId: string): void {
    if (!this.#running || agentId !== this.#agentId) return;
    this.#paint();
    if (!this.#isOpen) this.#launcher.removeAttribute("data-away");
    this.#emit("ready", { agentId });
  }

  /** The agent's public look, fetched once and again after a failure. */
  #loadConfig(): Promise<AgentConfig> {
    this.#config ??= fetchConfig(`${this.#base}/api/v1/agents/${encodeURIComponent(this.#agentId)}/config`).then(
      (config) => {
        this.#settings = config;
        this.#paint();
        return config;
      },
      (problem) => {
        this.#config = undefined;
        this.#fail(problem.status === 403 ? "origin_not_allowed" : problem.status === 404 ? "not_found" : "network", problem.message);
        throw problem;
      },
    );
    return this.#config;
  }

  #loadPanel(): Promise<ChatPanel> {
    this.#panel ??= this.#importPanel();
    return this.#panel;
  }

  async #importPanel(): Promise<ChatPanel> {
    this.#launcher.ariaBusy = "true";
    const load = (file: string): Promise<typeof import("./chat-panel.ts")> => import(new URL(file, GptAgent.script).href);
    try {
      // A script from a cache may name a file that a newer version has replaced: then the newest one is taken.
      const { createPanel } = await load(CHAT_MODULE).catch(() => load(`widget/chat.js?${Date.now()}`));
      return createPanel({
        host: this,
        root: this.#root,
        agentId: this.#agentId,
        base: this.#base,
        config: () => this.#loadConfig(),
        primary: () => this.#primary,
        launcher: this.#launcher,
        showOpen: (open) => this.#show(open),
      });
    } catch (problem) {
      this.#panel = undefined;
      this.#fail("network", String(problem));
      throw problem;
    } finally {
      this.#launcher.ariaBusy = null;
    }
  }

  async #call(action: (panel: ChatPanel) => unknown): Promise<void> {
    await action(await this.#loadPanel());
  }

  #loadWhenVisible(): void {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      if (this.#running && this.isConnected) this.#call((panel) => panel.open({ focus: false }));
    });
    observer.observe(this);
  }

  get #isOpen(): boolean {
    return this.#launcher.ariaExpanded === "true";
  }

  #show(open: boolean): void {
    this.#launcher.toggleAttribute("data-away", open);
    this.#launcher.ariaExpanded = String(open);
  }

  #buildLauncher(): void {
    this.#launcher.className = "launcher";
    this.#launcher.type = "button";
    this.#launcher.part.add("launcher");
    this.#launcher.ariaHasPopup = "dialog";
    const [icon, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag)) as [
      SVGElement,
      SVGElement,
    ];
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.ariaHidden = "true";
    path.setAttribute("d", "M12 3.5c5.2 0 9 3.5 9 7.8S17.2 19 12 19c-1 0-2-.1-2.9-.4L4 21l1-4.5a7.2 7.2 0 0 1-2-5.2c0-4.3 3.8-7.8 9-7.8Z");
    icon.append(path);
    this.#launcher.append(icon);
    this.#launcher.addEventListener("click", () => this.#call((panel) => panel.open({ byVisitor: true })));
    this.#root.append(this.#launcher);
    this.#show(false);
  }

  /** Puts the colours into the instance's own sheet: the page's stylesheets still win over it. */
  #paint(): void {
    const theme = this.getAttribute("theme") ?? this.#settings?.theme;
    const scheme = theme === "light" || theme === "dark" ? theme : "light dark";
    const wanted = [this.getAttribute("primary-color"), this.#settings?.primaryColor, DEFAULT_PRIMARY];
    const primary = wanted.find((colour) => colour && CSS.supports("color", colour));
    const rules = (more = "") => this.#look.replaceSync(`:host{color-scheme:${scheme};--gpt-agent-primary:${primary};${more}}`);
    rules();
    this.#primary = parseComputed(getComputedStyle(this.#launcher).backgroundColor);
    if (this.#primary) rules(`--gpt-agent-on-primary:${textOn(this.#primary)}`);
    this.#launcher.dataset.side = this.getAttribute("position") ?? this.#settings?.position;
    this.#launcher.ariaLabel =
      launcherStrings[chooseLocale(this.getAttribute("locale"), document.documentElement.lang, navigator.language)];
  }

  #emit(name: string, detail: Record<string, unknown>): void {
    this.dispatchEvent(new CustomEvent(`gpt-agent:${name}`, { bubbles: true, composed: true, detail }));
  }

  #fail(code: string, message: string): void {
    console.warn(`<gpt-agent agent-id="${this.#agentId}">: ${message}`);
    this.#emit("error", { code, message });
  }
}

async function fetchConfig(url: string): Promise<AgentConfig> {
  const options: RequestInit = { credentials: "omit" };
  const response = await fetch(url, options).catch(async (problem) => {
    // A site that is not on the agent's list cannot read the answer, not even its status; a server that is away gives none.
    await fetch(url, { ...options, mode: "no-cors" }).catch(() => {
      throw problem;
    });
    throw Object.assign(new Error(`${location.origin} is not among the agent's allowed origins.`), { status: 403 });
  });
  if (response.ok) return response.json();
  throw Object.assign(new Error(`The server answered ${response.status}.`), { status: response.status });
}

/** Whether the panel was left open on the previous page of this tab. */
function wasOpen(agentId: string): boolean {
  try {
    return Boolean(sessionStorage.getItem(`gpt-agent:open:${agentId}`));
  } catch {
    return false;
  }
}
