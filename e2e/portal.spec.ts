// The portal by itself: what it says to wrong input, what it keeps, who gets in, languages and themes.
import { randomUUID } from "node:crypto";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { en } from "../portal/app/i18n/en.ts";
import { ru } from "../portal/app/i18n/ru.ts";

const portal = () => process.env.PLATFORM_URL!;
const PASSWORD = "a-long-enough-password";

type Account = { page: Page; email: string; org: string; agent: string };

/** A new person with an organization and an agent, made through the portal's own forms. */
async function newAccount(browser: Browser, options: Parameters<Browser["newContext"]>[0] = {}, agentName = "Helper"): Promise<Account> {
  const page = await (await browser.newContext(options)).newPage();
  const words = options.locale?.startsWith("ru") ? ru : en;
  const email = `person-${randomUUID()}@example.com`;
  await page.goto(`${portal()}/signup`);
  await page.getByLabel(words.auth.email).fill(email);
  await page.getByLabel(words.auth.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: words.auth.signUp }).click();
  await page.getByLabel(words.orgs.name).fill("Tarn Outdoor");
  await page.getByRole("button", { name: words.orgs.create }).click();
  await page.getByRole("link", { name: words.agents.new }).first().click();
  await page.getByLabel(words.agents.name).fill(agentName);
  await page.getByRole("button", { name: words.agents.create }).click();
  await page.waitForURL(/\/knowledge$/);
  const agent = page.url().replace(/\/knowledge$/, "");
  return { page, email, agent, org: agent.replace(/\/agents\/.*$/, "") };
}

async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

test("forms keep what was typed and say what is wrong, line by line", async ({ browser }) => {
  const { page, agent } = await newAccount(browser);
  await page.goto(`${agent}/settings`);
  const words = en.agentSettings;
  await page.getByLabel(words.instructions).fill("Be brief and kind.");
  await page.getByLabel(words.temperature).fill("9");
  await page.getByLabel(words.origins).fill("shop.example.com/cart\n*.example.com\nhttps://a b");
  await page.getByRole("button", { name: en.common.save, exact: true }).click();
  await expect(page.getByText(en.errors.temperature)).toBeVisible();
  await expect(page.getByText(en.errors.originWildcard(2))).toBeVisible();
  await expect(page.getByText(en.errors.originLine(3, "https://a b"))).toBeVisible();
  await expect(page.getByLabel(words.temperature)).toBeFocused();
  await expect(page.getByLabel(words.instructions)).toHaveValue("Be brief and kind.");
  await expectAccessible(page);

  await page.getByLabel(words.temperature).fill("0,5");
  await page.getByLabel(words.origins).fill("Shop.example.com/cart\nhttp://localhost:8080\nhttps://shop.example.com");
  await page.getByRole("button", { name: en.common.save, exact: true }).click();
  await expect(page.getByText(en.common.saved, { exact: true })).toBeVisible();
  await page.reload();
  await expect(page.getByLabel(words.origins)).toHaveValue("http://localhost:8080\nhttps://shop.example.com");
  await expect(page.getByLabel(words.temperature)).toHaveValue("0.5");
  await expect(page.getByLabel(words.instructions)).toHaveValue("Be brief and kind.");
});

test("a model is picked from the catalogue by keyboard, its fallbacks are put in order, and both are kept", async ({ browser }) => {
  const { page, agent } = await newAccount(browser);
  await page.goto(`${agent}/settings`);
  const words = en.modelPicker;
  const model = page.getByRole("combobox", { name: en.agentSettings.model });
  await model.click();
  const options = page.getByRole("listbox", { name: words.list }).getByRole("option");
  await expect(options.first()).toBeVisible();
  await model.pressSequentially("gpt-5-mini");
  await expect(options).toHaveCount(1);
  await expectAccessible(page);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(model).toHaveValue("openai/gpt-5-mini");
  await expect(page.getByText("GPT-5 Mini · $0.25 in, $2.00 out per million tokens · reads 400K tokens")).toBeVisible();

  const add = page.getByRole("button", { name: words.add });
  for (const id of ["anthropic/claude-haiku-4.5", "our/own-model", "google/gemini-2.5-flash", "openai/gpt-4o-mini"]) {
    await add.click();
    await expect(page.getByRole("combobox", { name: /^Fallback/ }).last()).toBeFocused();
    await page.keyboard.type(id);
    await page.keyboard.press("Escape");
  }
  await expect(add).toBeHidden();
  await expect(page.getByText(words.unknown)).toBeVisible();
  await page.getByRole("button", { name: words.up(2) }).focus();
  await page.keyboard.press("Enter");
  // It is the first now, where there is no up: the focus stays with it.
  await expect(page.getByRole("button", { name: words.down(1) })).toBeFocused();
  await page.getByRole("button", { name: words.remove(4) }).click();
  await page.getByRole("button", { name: en.common.save, exact: true }).click();
  await expect(page.getByText(en.common.saved, { exact: true })).toBeVisible();
  await page.reload();
  await expect(model).toHaveValue("openai/gpt-5-mini");
  const kept = ["our/own-model", "anthropic/claude-haiku-4.5", "google/gemini-2.5-flash"];
  for (const [at, id] of kept.entries()) await expect(page.getByRole("combobox", { name: words.fallback(at + 1) })).toHaveValue(id);
  await expect(page.getByRole("combobox", { name: /^Fallback/ })).toHaveCount(3);
});

test("a network that is down loses nothing that was typed", async ({ browser }) => {
  const { page, agent } = await newAccount(browser);
  await page.goto(`${agent}/settings`);
  await page.getByLabel(en.agentSettings.instructions).fill("Typed on a train.");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: en.common.save, exact: true }).click();
  await expect(page.getByText(en.errors.unavailable)).toBeVisible();
  await expect(page.getByText(en.shell.offline)).toBeVisible();
  await expect(page.getByLabel(en.agentSettings.instructions)).toHaveValue("Typed on a train.");
  await page.context().setOffline(false);
  await page.getByRole("button", { name: en.common.save, exact: true }).click();
  await expect(page.getByText(en.common.saved, { exact: true })).toBeVisible();
});

test("T50, T56: wrong files are refused with a reason, hostile names become plain ones", async ({ browser }) => {
  const { page, agent } = await newAccount(browser);
  const file = (name: string, text: string, mimeType = "text/plain") => ({ name, mimeType, buffer: Buffer.from(text) });
  await page
    .locator('input[type="file"]')
    .setInputFiles([file("photo.png", "x", "image/png"), file("empty.txt", ""), file("Заметки.txt", "Магазин открыт с девяти до шести.")]);
  await expect(page.getByText(en.knowledge.uploadType)).toBeVisible();
  await expect(page.getByText(en.knowledge.uploadEmpty)).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "Заметки.txt" })).toBeVisible();

  const put = (name: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
    page.evaluate(
      async ([url, text, more]) =>
        (await fetch(url as string, { method: "PUT", body: text as string, headers: more as Record<string, string> })).status,
      [`${agent}/upload?${new URLSearchParams({ name })}`, String(body), headers] as const,
    );
  expect(await put("../../etc/in\u202Efdp.txt", "hello")).toBe(201);
  expect(await put("C:\\secret\\notes.md", "# Hello")).toBe(201);
  expect(await put("program.exe", "MZ")).toBe(415);
  expect(await put("nothing.txt", "")).toBe(422);
  await page.reload();
  await expect(page.getByText("infdp.txt", { exact: true })).toBeVisible();
  await expect(page.getByText("notes.md", { exact: true })).toBeVisible();

  // One is deleted, after a question.
  const row = page.getByRole("row").filter({ hasText: "notes.md" });
  await row.getByRole("button").click();
  await page.getByRole("menuitem", { name: en.common.delete }).click();
  await page.getByRole("dialog").getByRole("button", { name: en.common.delete }).click();
  await expect(row).toHaveCount(0);
});

test("an API key is shown once and can be revoked", async ({ browser }) => {
  const { page, org } = await newAccount(browser);
  await page.goto(`${org}/settings/keys`);
  await page.getByRole("button", { name: en.keys.new }).click();
  await page.getByLabel(en.keys.name).fill("Help desk");
  await page.getByRole("button", { name: en.keys.create }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(en.keys.createdTitle)).toBeVisible();
  const key = await dialog.locator("code").innerText();
  expect(key).toMatch(/^gap_live_[0-9A-Za-z]{40}$/);
  const models = () => fetch(`${portal()}/v1/models`, { headers: { authorization: `Bearer ${key}` } }).then(({ status }) => status);
  expect(await models()).toBe(200);
  await dialog.getByRole("button", { name: en.keys.done }).click();
  expect(await page.content()).not.toContain(key);
  await page.getByRole("button", { name: `${en.keys.revoke}: Help desk` }).click();
  await page.getByRole("dialog").getByRole("button", { name: en.keys.revoke }).click();
  await expect(page.getByText(en.keys.emptyTitle)).toBeVisible();
  expect(await models()).toBe(401);
});

test("T25, T29: a reset password signs out elsewhere; a signed-out cookie opens nothing", async ({ browser }) => {
  const { page, email, org } = await newAccount(browser);
  const elsewhere = await (await browser.newContext({ storageState: await page.context().storageState() })).newPage();
  await elsewhere.goto(`${org}/agents`);
  await expect(elsewhere.getByRole("heading", { name: en.agents.title })).toBeVisible();

  const lost = await (await browser.newContext()).newPage();
  await lost.goto(`${portal()}/forgot-password`);
  await lost.getByLabel(en.auth.email).fill(email);
  await lost.getByRole("button", { name: en.auth.forgotSend }).click();
  await lost.getByRole("link", { name: en.auth.mailbox }).click();
  await lost.getByRole("link", { name: email }).first().click();
  const link = await lost.frameLocator("iframe").getByRole("link").getAttribute("href");
  await lost.goto(link!);
  await lost.getByLabel(en.auth.newPassword).fill("another-long-password");
  await lost.getByRole("button", { name: en.auth.resetSave }).click();
  await expect(lost.getByRole("heading", { name: en.agents.title })).toBeVisible();
  await elsewhere.goto(`${org}/agents`);
  await expect(elsewhere).toHaveURL(/\/login\?redirectTo=/);

  // The link works once.
  await lost.goto(link!);
  await expect(lost.getByText(en.auth.linkTitle)).toBeVisible();

  // T29: out is out, also for a kept copy of the cookie and for the back button.
  const kept = await lost.context().storageState();
  await lost.goto(`${org}/agents`);
  await lost.getByRole("button", { name: en.shell.account }).first().click();
  await lost.getByRole("button", { name: en.auth.signOut }).click();
  await expect(lost).toHaveURL(/\/login$/);
  await lost.goBack();
  await expect(lost).toHaveURL(/\/login/);
  const copy = await (await browser.newContext({ storageState: kept })).newPage();
  await copy.goto(`${org}/agents`);
  await expect(copy).toHaveURL(/\/login\?redirectTo=/);
});

test("T23: an unknown address gets the same answer", async ({ page }) => {
  await page.goto(`${portal()}/forgot-password`);
  const email = `nobody-${randomUUID()}@example.com`;
  await page.getByLabel(en.auth.email).fill(email);
  await page.getByRole("button", { name: en.auth.forgotSend }).click();
  await expect(page.getByText(en.auth.forgotSent(email))).toBeVisible();
});

test("T30: a form on another site changes nothing", async ({ browser }) => {
  const { page, org } = await newAccount(browser);
  const cookies = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const headers = { cookie: cookies, origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" };
  for (const path of [
    `${org}/settings?index`,
    `${org}/settings/keys`,
    `${org}/integrations/webhooks?index`,
    `${org}/agents/new.data`,
    `${portal()}/logout`,
    `${portal()}/preferences`,
  ]) {
    const answer = await fetch(path, { method: "POST", redirect: "manual", headers, body: "intent=rename&name=Stolen&locale=ru" });
    expect([path, answer.status]).toEqual([path, 403]);
  }
  await page.goto(`${org}/settings`);
  await expect(page.getByLabel(en.orgSettings.name)).toHaveValue("Tarn Outdoor");
});

test("outsiders get 404 from every page of an organization, and strangers the sign-in page", async ({ browser }) => {
  const { org, agent } = await newAccount(browser);
  const outsider = await newAccount(browser);
  for (const path of [
    `${org}/agents`,
    agent,
    `${agent}/knowledge`,
    `${agent}/settings`,
    `${org}/conversations`,
    `${org}/settings/keys`,
    `${org}/integrations/webhooks`,
  ]) {
    const answer = await outsider.page.goto(path);
    expect([path, answer?.status()]).toEqual([path, 404]);
    await expect(outsider.page.getByRole("heading", { name: en.pageErrors.notFoundTitle })).toBeVisible();
  }
  const stranger = await fetch(`${agent}/knowledge`, { redirect: "manual" });
  expect([stranger.status, new URL(stranger.headers.get("location") ?? "", portal()).pathname]).toEqual([302, "/login"]);
});

test("H19: pages behind sign-in are never stored, framed or sniffed", async ({ browser }) => {
  const { page, agent } = await newAccount(browser);
  for (const path of [agent, `${agent}/settings.data`]) {
    const headers = (await page.goto(path))?.headers() ?? {};
    expect(headers["cache-control"]).toContain("no-store");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["content-security-policy"]).toMatch(/frame-ancestors 'none'/);
    expect(headers["content-security-policy"]).toMatch(/object-src 'none'/);
    expect(headers["content-security-policy"]).not.toMatch(/script-src[^;]*unsafe/);
    expect(headers["referrer-policy"]).toBeTruthy();
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
  }
});

test("Russian, dark and on a phone: the same portal", async ({ browser }) => {
  test.setTimeout(180_000);
  const { page, agent, org } = await newAccount(
    browser,
    { locale: "ru-RU", colorScheme: "dark", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
    "Помощник",
  );
  await expect(page.locator("html")).toHaveAttribute("lang", "ru");
  for (const path of [
    `${org}/agents`,
    agent,
    `${agent}/knowledge`,
    `${agent}/install`,
    `${agent}/settings`,
    `${org}/conversations`,
    `${org}/settings`,
    `${org}/settings/members`,
    `${org}/settings/keys`,
    `${org}/integrations/webhooks`,
  ]) {
    await page.goto(path);
    await expect(page.locator("main")).toBeVisible();
    expect([path, await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)]).toEqual([path, 0]);
    await expectAccessible(page);
  }

  // The language and the theme change at once and stay.
  await page.goto(`${org}/agents`);
  await page.getByRole("button", { name: ru.shell.account }).filter({ visible: true }).click();
  await page.getByRole("button", { name: ru.preferences.light }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await page.reload();
  await expect(page.getByRole("heading", { name: en.agents.title })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
});

test("an organization and an agent are deleted only by typing their names", async ({ browser }) => {
  const { page, agent, org } = await newAccount(browser);
  await page.goto(`${agent}/settings`);
  await page.getByRole("button", { name: en.agentSettings.deleteButton }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: en.agentSettings.deleteButton })).toBeDisabled();
  await dialog.getByLabel(en.orgSettings.typeName("Helper")).fill("helper");
  await expect(dialog.getByRole("button", { name: en.agentSettings.deleteButton })).toBeDisabled();
  await dialog.getByLabel(en.orgSettings.typeName("Helper")).fill("Helper");
  await dialog.getByRole("button", { name: en.agentSettings.deleteButton }).click();
  await expect(page.getByText(en.agents.emptyTitle)).toBeVisible();

  await page.goto(`${org}/settings`);
  await page.getByRole("button", { name: en.orgSettings.deleteButton }).click();
  await page.getByRole("dialog").getByLabel(en.orgSettings.typeName("Tarn Outdoor")).fill("Tarn Outdoor");
  await page.getByRole("dialog").getByRole("button", { name: en.orgSettings.deleteButton }).click();
  await expect(page.getByRole("heading", { name: en.orgs.newTitle })).toBeVisible();
});
