// Loaded when a visitor first asks for a person, or the page for contact details.
import { html, nothing, type TemplateResult } from "lit";
import type { ChatProblem } from "./chat-client.ts";
import type { ChatPanel } from "./chat-panel.ts";
import contactCss from "./contact.css?sheet";
import type { Locale } from "./strings.ts";

const en = {
  title: "Your contact details",
  passedOn: "We have passed it on.",
  leave: "Leave your contact details and we’ll get back to you.",
  name: "Name",
  email: "E-mail",
  phone: "Phone",
  optional: "optional",
  one: "Please give an e-mail address or a phone number.",
  later: "Not now",
  send: "Send",
  check: "This can’t be right. Please check your e-mail address and phone number.",
  failed: "It didn’t get through. Please try again.",
  again: "Try again",
  thanks: "Thank you! We’ll get back to you.",
};
type Words = typeof en;
const ru: Words = {
  title: "Ваши контакты",
  passedOn: "Мы передали вашу просьбу.",
  leave: "Оставьте контакты, и мы с вами свяжемся.",
  name: "Имя",
  email: "Эл. почта",
  phone: "Телефон",
  optional: "необязательно",
  one: "Укажите почту или телефон.",
  later: "Не сейчас",
  send: "Отправить",
  check: "Похоже, здесь опечатка. Проверьте почту и телефон.",
  failed: "Не получилось отправить. Попробуйте ещё раз.",
  again: "Повторить",
  thanks: "Спасибо! Мы с вами свяжемся.",
};
const WORDS: Record<Locale, Words> = { en, ru };

const INPUTS = {
  name: { type: "text", autocomplete: "name", max: 200 },
  email: { type: "email", autocomplete: "email", max: 254 },
  phone: { type: "tel", autocomplete: "tel", max: 40 },
} as const;

/** The card that asks for contact details, and the wish for a person that may come before it. */
export class Contact {
  readonly #panel: ChatPanel;
  #state: "hidden" | "form" | "sending" | "sent" = "hidden";
  #problem: "check" | "failed" | null = null;
  #handoff = false;
  /** The conversation that the card belongs to: another one has nothing of it. */
  #of = "";

  constructor(panel: ChatPanel) {
    this.#panel = panel;
    const sheets = panel.context.root.adoptedStyleSheets;
    panel.context.root.adoptedStyleSheets = [...sheets.slice(0, -1), contactCss, ...sheets.slice(-1)];
  }

  get #words(): Words {
    return WORDS[this.#panel.locale];
  }

  /** Asks for a person, where that is wished, and shows the card where the agent takes contact details. */
  async begin(handoff: boolean): Promise<void> {
    const { chat, config } = this.#panel;
    // After a reload: what was left then is known with the conversation.
    await chat.loaded;
    if (this.#of !== chat.conversation.id) this.#state = "hidden";
    this.#of = chat.conversation.id;
    this.#handoff = handoff;
    this.#problem = null;
    if (handoff) {
      try {
        await chat.tell("handoff", {});
      } catch {
        this.#problem = "failed";
        this.#say(this.#words.failed);
        return;
      }
      this.#panel.announce("handoff", { conversationId: chat.conversation.id, state: "requested" });
      await chat.refresh();
      this.#say(this.#words.passedOn);
    }
    if (!config?.lead || this.#state === "sent") return;
    if (chat.conversation.hasLead) {
      this.#state = "sent";
      this.#say(this.#words.thanks);
      return;
    }
    this.#state = "form";
    this.#panel.scrolledUp = false;
    this.#panel.requestUpdate();
    await this.#panel.updateComplete;
    this.#panel.querySelector<HTMLElement>(".contact input")?.focus();
    this.#panel.scrollToEnd();
  }

  view(): TemplateResult | typeof nothing {
    const words = this.#words;
    if (this.#of !== this.#panel.chat.conversation.id) return nothing;
    if (this.#state === "hidden" && this.#problem) {
      return html`<div class="card contact" part="contact" role="alert">
        <p>${words.failed}</p>
        <div class="row"><button class="plain strong" type="button" @click=${() => this.#panel.requestContact({ handoff: true })}>${words.again}</button></div>
      </div>`;
    }
    if (this.#state === "hidden") return nothing;
    if (this.#state === "sent") return html`<p class="card contact" part="contact">${words.thanks}</p>`;
    return this.#form();
  }

  #form(): TemplateResult {
    const words = this.#words;
    const { config, locale } = this.#panel;
    const { fields = [], consent } = config?.lead ?? {};
    const agreed = consent?.[locale] || consent?.en || consent?.ru;
    const privacy = config?.privacyUrl;
    return html`
      <form class="card contact" part="contact" aria-label=${words.title} @submit=${(event: Event) => this.#submit(event)} @input=${clearValidity}>
        <p>${this.#handoff ? `${words.passedOn} ` : ""}${words.leave}</p>
        ${fields.map(({ name, required }) => {
          const { type, autocomplete, max } = INPUTS[name];
          return html`<label>
            <span>${words[name]}${required ? nothing : html` <small>(${words.optional})</small>`}</span>
            <input name=${name} type=${type} autocomplete=${autocomplete} maxlength=${max} ?required=${required} />
          </label>`;
        })}
        ${
          agreed
            ? html`<label class="agree"><input type="checkbox" name="consent" required /><span dir="auto">${agreed}${
                privacy
                  ? html` <a href=${privacy} target="_blank" rel="noopener noreferrer">${this.#panel.strings.privacyLink}</a>`
                  : nothing
              }</span></label>`
            : nothing
        }
        ${this.#problem ? html`<p class="too-long" role="alert">${words[this.#problem]}</p>` : nothing}
        <div class="row">
          <button class="plain" type="button" @click=${() => this.#close()}>${words.later}</button>
          <button class="plain strong" type="submit" ?disabled=${this.#state === "sending"}>${words.send}</button>
        </div>
      </form>
    `;
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const given = Object.fromEntries(
      [...new FormData(form)].map(([name, value]) => [name, String(value).trim()]).filter(([, value]) => value),
    );
    const { consent, ...details } = given;
    if (!details.email && !details.phone) {
      const first = form.querySelector<HTMLInputElement>("[name=email], [name=phone]");
      first?.setCustomValidity(this.#words.one);
      first?.reportValidity();
      return;
    }
    this.#state = "sending";
    this.#problem = null;
    this.#panel.requestUpdate();
    const { chat, locale } = this.#panel;
    try {
      await chat.tell("lead", { ...details, consent: Boolean(consent), locale });
      this.#state = "sent";
      this.#panel.announce("lead", { conversationId: chat.conversation.id, ...details });
      this.#say(this.#words.thanks);
      this.#panel.focusComposer();
    } catch (error) {
      this.#state = "form";
      this.#problem = (error as Partial<ChatProblem>).code === "invalid_request" ? "check" : "failed";
      this.#say(this.#words[this.#problem]);
    }
  }

  #close(): void {
    this.#state = "hidden";
    this.#panel.requestUpdate();
    this.#panel.focusComposer();
  }

  #say(text: string): void {
    this.#panel.aloud = text;
    this.#panel.requestUpdate();
  }
}

function clearValidity(event: Event): void {
  (event.target as HTMLInputElement).setCustomValidity("");
}
