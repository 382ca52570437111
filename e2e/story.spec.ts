// The main job, end to end, in both languages: sign up, make an agent, upload documents, paste the snippet into a page on
// another origin under a strict policy, and a visitor there gets a streamed answer with exact citations.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import { type BrowserContext, expect, type Page, test } from "@playwright/test";
import { en } from "../portal/app/i18n/en.ts";
import { ru } from "../portal/app/i18n/ru.ts";
import { Widget } from "./host/fixtures.ts";
import { HostSite } from "./host/server.ts";

const portal = () => process.env.PLATFORM_URL!;
const knowledge = (file: string) => fileURLToPath(new URL(`../supabase/embedded/demo/knowledge/${file}`, import.meta.url));

const STORIES = [
  {
    locale: "en-GB",
    lang: "en",
    words: en,
    files: ["delivery-and-returns.en.md", "product-handbook.en.pdf", "owners-guide.en.docx"],
    question: "Can I return an engraved bottle?",
    unanswerable: "Who won the football world cup in 1998?",
  },
  {
    locale: "ru-RU",
    lang: "ru",
    words: ru,
    files: ["delivery-and-returns.ru.md", "product-handbook.ru.pdf", "owners-guide.ru.docx"],
    question: "Можно ли вернуть бутылку с гравировкой?",
    unanswerable: "Кто выиграл чемпионат мира по футболу в 1998 году?",
  },
];

/** Fails the test on a console error or an uncaught exception of a page. */
function watch(page: Page, problems: string[]) {
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
}

async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

async function signUp(context: BrowserContext, words: typeof en, problems: string[]): Promise<Page> {
  const page = await context.newPage();
  watch(page, problems);
  await page.goto(`${portal()}/signup`);
  await expectAccessible(page);
  await page.getByLabel(words.auth.email).fill(`person-${randomUUID()}@example.com`);
  await page.getByLabel(words.auth.password, { exact: true }).fill("a-long-enough-password");
  await page.getByRole("button", { name: words.auth.signUp }).click();
  await page.getByLabel(words.orgs.name).fill("Tarn Outdoor");
  await page.getByRole("button", { name: words.orgs.create }).click();
  return page;
}

for (const { locale, lang, words, files, question, unanswerable } of STORIES) {
  test(`from sign-up to a cited answer on another origin (${lang})`, async ({ browser }) => {
    test.setTimeout(180_000);
    const problems: string[] = [];
    const context = await browser.newContext({ locale });
    const page = await signUp(context, words, problems);

    // An agent.
    await page.getByRole("link", { name: words.agents.new }).first().click();
    await page.getByLabel(words.agents.name).fill("Tarn");
    await page.getByRole("button", { name: words.agents.create }).click();
    const tab = (name: string) => page.getByRole("navigation", { name: words.tabs.label }).getByRole("link", { name });

    // Its knowledge: three kinds of file at once, each followed to "ready" without a reload.
    await tab(words.tabs.knowledge).click();
    await page.locator('input[type="file"]').setInputFiles(files.map(knowledge));
    for (const file of files) {
      const row = page.getByRole("row").filter({ hasText: file });
      await expect(row.getByText(words.knowledge.ready, { exact: true }).filter({ visible: true })).toBeVisible({ timeout: 60_000 });
    }
    await expectAccessible(page);

    // Until an origin is allowed, no page may talk to the agent.
    const host = await new HostSite(portal()).start();
    await tab(words.tabs.install).click();
    await expect(page.getByText(words.install.allowNone)).toBeVisible();
    const snippet = await page.locator("code, pre").filter({ hasText: "<gpt-agent" }).first().innerText();
    const agentId = /agent-id="([^"]+)"/.exec(snippet)![1]!;
    const knock = async () => {
      const request = { method: "POST", headers: { origin: host.origin, "content-type": "application/json" }, body: "{}" };
      return (await fetch(`${portal()}/api/v1/agents/${agentId}/sessions`, request)).status;
    };
    expect(await knock()).toBe(403);

    await tab(words.tabs.settings).click();
    await page.getByLabel(words.agentSettings.origins).fill(host.origin);
    await page.getByRole("button", { name: words.common.save, exact: true }).click();
    await expect(page.getByText(words.common.saved, { exact: true })).toBeVisible();
    // A portal knows an agent's origins by heart for a second.
    await expect.poll(knock).not.toBe(403);

    // The visitor's page: another origin, nothing inline, Trusted Types required.
    host.page = { lang, body: `<gpt-agent agent-id="${agentId}"></gpt-agent>` };
    const visitor = await (await browser.newContext({ locale })).newPage();
    watch(visitor, problems);
    const widget = new Widget(visitor, host);
    await widget.visit();
    await widget.open();
    await widget.ask(question);
    const answer = widget.answers.last();
    const chip = answer.getByRole("button", { name: /1/ }).first();
    await expect(chip).toBeVisible();
    await expect(answer).toContainText(lang === "en" ? /engrav/i : /гравировк/i);

    // The citation opens the very passage, and its quote is literally in the document.
    await chip.click();
    const quote = (await widget.element.locator("mark").first().innerText()).replace(/\s+/g, " ").trim();
    expect(quote.length).toBeGreaterThan(10);
    if (quote.includes(lang === "en" ? "engrav" : "гравировк")) {
      const source = (await readFile(knowledge(files[0]!), "utf8")).replace(/[*_`]/g, "").replace(/\s+/g, " ");
      expect(source).toContain(quote);
    }
    await visitor.keyboard.press("Escape");

    // What the documents do not hold is said plainly.
    await widget.ask(unanswerable);
    await expect(widget.answers).toHaveCount(2);
    await expect(widget.answers.last().getByRole("button", { name: /^(Source|Источник) \d/ })).toHaveCount(0);

    // It is all still there after a reload, in a panel that is open as it was.
    await visitor.reload();
    await expect(widget.answers).toHaveCount(2);
    await expect(widget.answers.first()).toContainText(lang === "en" ? /engrav/i : /гравировк/i);

    // The company reads the conversation.
    await tab(words.tabs.conversations).click();
    await page.getByRole("link", { name: question }).click();
    await expect(page.getByText(words.conversations.supported).first()).toBeVisible();
    await expect(page.getByText(words.conversations.unsupported).first()).toBeVisible();
    await expectAccessible(page);

    expect(problems.filter((problem) => !/status of 403/.test(problem))).toEqual([]);
    await host.stop();
    await context.close();
  });
}
