import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./host/fixtures.ts";

const lead = {
  fields: [
    { name: "name" as const, required: true },
    { name: "email" as const, required: false },
    { name: "phone" as const, required: false },
  ],
  consent: { en: "You may write to me about my question.", ru: "Можно написать мне по моему вопросу." },
};

test.describe("asking for a person", () => {
  test("is passed on, contact details are left, and the page hears of both", async ({ widget, api, page }) => {
    api.config = { ...api.config, handoff: true, lead };
    await widget.visit();
    await page.evaluate(() => {
      const heard: unknown[] = [];
      Object.assign(window, { heard });
      for (const name of ["handoff", "lead"])
        document.addEventListener(`gpt-agent:${name}`, (event) => heard.push([name, (event as CustomEvent).detail]));
    });
    await widget.open();
    await widget.ask("Where is my order?");
    await expect(widget.answers).toHaveCount(1);
    await widget.button("Menu").click();
    await widget.button("Talk to a person").click();
    const card = widget.element.getByRole("form", { name: "Your contact details" });
    await expect(card).toContainText("We have passed it on. Leave your contact details and we’ll get back to you.");
    await expect(widget.element.getByText("Your request for a person has been passed on.")).toBeVisible();
    await expect(card.getByLabel("Name")).toBeFocused();
    expect((await new AxeBuilder({ page }).include("gpt-agent").analyze()).violations).toEqual([]);

    // Nothing is sent without a way to answer, or without the box.
    await page.keyboard.type("Anna");
    await card.getByRole("checkbox", { name: lead.consent.en }).check();
    await card.getByRole("button", { name: "Send" }).click();
    expect(api.leads).toEqual([]);
    expect(await card.getByLabel("E-mail").evaluate((field: HTMLInputElement) => field.validationMessage)).toBe(
      "Please give an e-mail address or a phone number.",
    );
    await card.getByLabel("E-mail").fill("anna@shop.example");
    await card.getByRole("checkbox").uncheck();
    await card.getByRole("button", { name: "Send" }).click();
    expect(api.leads).toEqual([]);
    await card.getByRole("checkbox").check();
    await page.keyboard.press("Enter");
    await expect(widget.element.getByText("Thank you! We’ll get back to you.").first()).toBeVisible();
    expect(api.leads).toEqual([{ name: "Anna", email: "anna@shop.example", consent: true, locale: "en" }]);
    const conversationId = [...api.conversations.keys()][0];
    expect(await page.evaluate(() => (window as unknown as { heard: unknown[] }).heard)).toEqual([
      ["handoff", { conversationId, state: "requested" }],
      ["lead", { conversationId, name: "Anna", email: "anna@shop.example" }],
    ]);

    // What was left is not asked for again, neither by the menu nor by the page; in another conversation it is.
    await page.reload();
    await expect(widget.element.getByText("Your request for a person has been passed on.")).toBeVisible();
    const request = () =>
      page.evaluate(() => (document.querySelector("gpt-agent") as unknown as { requestContact(): Promise<void> }).requestContact());
    await request();
    const thanks = widget.element.locator("p.contact", { hasText: "Thank you! We’ll get back to you." });
    await expect(thanks).toBeVisible();
    await expect(card).toHaveCount(0);
    await widget.button("Menu").click();
    await widget.button("Talk to a person").click();
    await expect(widget.element.getByText("Your request for a person has been passed on.")).toHaveCount(2);
    await expect(card).toHaveCount(0);
    await widget.button("Menu").click();
    await widget.button("New chat").click();
    await expect(thanks).toHaveCount(0);
    await request();
    await expect(card).toBeVisible();
  });

  test("says so when it did not get through, in Russian too, and goes through when pressed again", async ({
    widget,
    api,
    host,
    expectedErrors,
  }) => {
    api.config = { ...api.config, handoff: true, lead };
    host.page = { lang: "ru" };
    expectedErrors.push(/503/, /400/);
    await widget.visit();
    await widget.open();
    api.refuse({ path: /handoff$/, status: 503, code: "unavailable" });
    await widget.button("Меню").click();
    await widget.button("Позвать человека").click();
    await expect(widget.element.getByRole("alert")).toContainText("Не получилось отправить. Попробуйте ещё раз.");
    await widget.button("Повторить").click();
    const card = widget.element.getByRole("form", { name: "Ваши контакты" });
    await card.getByLabel("Имя").fill("Анна");
    await card.getByLabel("Телефон").fill("8 912 345-67-89");
    await card.getByRole("checkbox").check();
    api.refuse({ path: /lead$/, status: 503, code: "unavailable" });
    await card.getByRole("button", { name: "Отправить" }).click();
    await expect(card.getByRole("alert")).toContainText("Не получилось отправить. Попробуйте ещё раз.");
    await expect(card.getByLabel("Имя")).toHaveValue("Анна");
    // What the server cannot use is no matter of trying again.
    api.refuse({ path: /lead$/, status: 400, code: "invalid_request" });
    await card.getByRole("button", { name: "Отправить" }).click();
    await expect(card.getByRole("alert")).toContainText("Проверьте почту и телефон.");
    await card.getByRole("button", { name: "Отправить" }).click();
    await expect(widget.element.getByText("Спасибо! Мы с вами свяжемся.").first()).toBeVisible();
    expect(api.leads).toEqual([{ name: "Анна", phone: "8 912 345-67-89", consent: true, locale: "ru" }]);
  });

  test("is not offered where nobody is there; the page may ask for contact details by itself", async ({ widget, api, page }) => {
    api.config = { ...api.config, lead: { fields: [{ name: "phone", required: true }], consent: { en: "", ru: "" } } };
    await widget.visit();
    await widget.open();
    await widget.button("Menu").click();
    await expect(widget.button("Talk to a person")).toHaveCount(0);
    await page.keyboard.press("Escape");
    await page.evaluate(() => (document.querySelector("gpt-agent") as unknown as { requestContact(): void }).requestContact());
    const card = widget.element.getByRole("form", { name: "Your contact details" });
    await expect(card).toContainText("Leave your contact details");
    await expect(card).not.toContainText("passed it on");
    await expect(card.getByRole("checkbox")).toHaveCount(0);
    await card.getByRole("button", { name: "Not now" }).click();
    await expect(card).toHaveCount(0);
    await expect(widget.composer).toBeFocused();
  });
});

test.describe("a visitor whom the page knows", () => {
  test("is asked for at the page's server when the visitor turns to the chat, and not before", async ({
    widget,
    api,
    host,
    page,
    expectedErrors,
  }) => {
    const asked: string[] = [];
    host.page = {
      body: '<gpt-agent agent-id="demo" user-token-url="/agent-token"></gpt-agent>',
      token: () => (asked.push("now") ? "anna" : null),
    };
    await widget.visit();
    await widget.launcher.waitFor();
    expect(asked).toEqual([]);
    await widget.open();
    await widget.ask("Where is my order?");
    await expect(widget.answers).toHaveCount(1);
    expect(asked).toEqual(["now"]);
    expect([...api.conversations.values()].map(({ owner }) => owner)).toEqual(["verified anna"]);
    expectedErrors.push(/401/);
    api.expireSessions();
    await widget.ask("And now?");
    await expect(widget.answers).toHaveCount(2);
    expect(asked).toEqual(["now", "now"]);
    // Another device: nothing is kept there.
    await page.evaluate(() => localStorage.clear());
    // The panel is open as it was.
    await page.reload();
    await widget.button("Menu").click();
    await widget.button("Past chats").click();
    await expect(widget.element.getByText("Where is my order?")).toBeVisible();
  });

  test("may be named and forgotten by the page at any time, also before the script has come", async ({ widget, api, host, page }) => {
    host.page = { script: "window.GptAgent = window.GptAgent || []; GptAgent.push(['identify', { token: 'anna' }]);" };
    await widget.visit();
    await widget.launcher.waitFor();
    expect(api.calls).toEqual(["GET /agents/demo/config"]);
    await widget.open();
    await widget.ask("Where is my order?");
    await expect(widget.answers).toHaveCount(1);
    await page.evaluate(() => (document.querySelector("gpt-agent") as unknown as { reset(): void }).reset());
    await expect(widget.messages).toHaveCount(0);
    await widget.ask("Who am I?");
    await expect(widget.answers).toHaveCount(1);
    expect([...api.conversations.values()].map(({ owner }) => owner.replace(/\d+/, "n"))).toEqual(["verified anna", "visitor-n"]);
  });

  test("is asked to sign in where only verified visitors may talk", async ({ widget, api, expectedErrors }) => {
    api.enforce = true;
    expectedErrors.push(/401/);
    await widget.visit();
    await widget.open();
    await widget.ask("Hello?");
    await expect(widget.element.getByText("Please sign in on this site to use the chat.").first()).toBeVisible();
  });
});
