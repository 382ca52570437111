// The demo shop at /demo, as someone sees it who has just typed `npm start`.
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { en } from "../portal/app/i18n/en.ts";

for (const [lang, locale] of [
  ["en", "en-GB"],
  ["ru", "ru-RU"],
] as const) {
  test(`the demo shop answers a question from its handbook, with its source (${lang})`, async ({ browser }) => {
    const page = await (await browser.newContext({ locale })).newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(`${process.env.PLATFORM_URL}/demo`);
    await expect(page.locator("html")).toHaveAttribute("lang", lang);
    await page.locator("[data-gpt-agent-prompt]").first().click();
    const element = page.locator("gpt-agent");
    // The first start reads the handbook in the background; until then there is no answer to quote.
    const send = element.getByRole("button", { name: /^(Send|Отправить)$/ });
    if (await send.isEnabled()) await send.click();
    await expect(element.getByRole("button", { name: /^(Source|Источник) 1/ }).first()).toBeVisible({ timeout: 30_000 });
    await element
      .getByRole("button", { name: /^(Source|Источник) 1/ })
      .first()
      .click();
    await expect(element.locator("mark").first()).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id)).toEqual([]);
    expect(problems).toEqual([]);
  });
}

test("the owner's link signs in once, into the demo's organization", async ({ browser }) => {
  const page = await (await browser.newContext({ locale: "en-GB" })).newPage();
  await page.goto(process.env.PLATFORM_OWNER_LINK!);
  await expect(page.getByRole("heading", { name: en.agents.title })).toBeVisible();
  await expect(page.getByRole("link", { name: "Tarn" }).first()).toBeVisible();
  const again = await (await browser.newContext({ locale: "en-GB" })).newPage();
  await again.goto(process.env.PLATFORM_OWNER_LINK!);
  await expect(again.getByText(en.auth.linkTitle)).toBeVisible();
});
