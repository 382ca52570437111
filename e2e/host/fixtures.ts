import { test as base, type Locator, type Page } from "@playwright/test";
import { FakeVisitorApi } from "../fakes/visitor-api.ts";
import { HostSite } from "./server.ts";

type Fixtures = {
  /** The portal's visitor API, doing what the test tells it to. */
  api: FakeVisitorApi;
  /** The customer's site, on another origin and under a strict policy. */
  host: HostSite;
  widget: Widget;
  /** Console errors that this test provokes. */
  expectedErrors: RegExp[];
};

/**
 * A browser on a foreign page with the widget. Whatever the test is about, it fails on a console error that it does not
 * expect, and on any request to somewhere else than the site and the portal.
 */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what a fixture needs from this pattern
  api: async ({}, use) => {
    const api = await new FakeVisitorApi().start();
    await use(api);
    await api.stop();
  },
  host: async ({ api }, use) => {
    const host = await new HostSite(api.origin).start();
    await use(host);
    await host.stop();
  },
  // biome-ignore lint/correctness/noEmptyPattern: see above
  expectedErrors: async ({}, use) => use([]),
  widget: async ({ page, api, host, expectedErrors }, use) => {
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("dialog", (dialog) => {
      problems.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("console", (message) => {
      if (message.type() === "error" && !expectedErrors.some((expected) => expected.test(message.text()))) problems.push(message.text());
    });
    page.context().on("request", (request) => {
      const { origin } = new URL(request.url());
      if (origin !== api.origin && origin !== host.origin) problems.push(`a request to ${request.url()}`);
    });
    await use(new Widget(page, host));
    base.expect(problems).toEqual([]);
  },
});

export const { expect } = test;

/** The widget as a visitor sees it: by roles and names. */
export class Widget {
  readonly element: Locator;
  readonly launcher: Locator;
  readonly panel: Locator;
  readonly composer: Locator;
  readonly messages: Locator;
  readonly answers: Locator;

  constructor(
    readonly page: Page,
    readonly host: HostSite,
    element: string = "gpt-agent",
  ) {
    this.element = page.locator(element);
    this.launcher = this.element.getByRole("button", { name: /^(Open chat|Открыть чат)/ });
    this.panel = this.element.locator("gpt-agent-chat");
    this.composer = this.element.getByRole("textbox", { name: /^(Your message|Ваше сообщение)$/ });
    this.messages = this.element.locator(".message");
    this.answers = this.element.locator(".message.agent");
  }

  /** Another element on the same page. */
  at(element: string): Widget {
    return new Widget(this.page, this.host, element);
  }

  async visit(path = "/"): Promise<void> {
    await this.page.goto(this.host.origin + path);
  }

  async open(): Promise<void> {
    await this.launcher.click();
    await this.composer.waitFor();
  }

  async ask(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  button(name: string | RegExp): Locator {
    return this.element.getByRole("button", { name, exact: typeof name === "string" });
  }

  /** What the browser keeps of the visit. */
  storage(): Promise<Record<string, string>> {
    return this.page.evaluate(() => ({ ...localStorage, ...sessionStorage }));
  }

  /** Records the element's events from now on; read them with `events()`. */
  async listen(...names: string[]): Promise<void> {
    await this.page.evaluate((listened) => {
      const seen: { name: string; detail: unknown }[] = [];
      (window as unknown as { seen: unknown }).seen = seen;
      for (const name of listened)
        document.addEventListener(`gpt-agent:${name}`, (event) => seen.push({ name, detail: (event as CustomEvent).detail }));
    }, names);
  }

  events(): Promise<{ name: string; detail: Record<string, unknown> }[]> {
    return this.page.evaluate(() => (window as unknown as { seen: { name: string; detail: Record<string, unknown> }[] }).seen);
  }
}
