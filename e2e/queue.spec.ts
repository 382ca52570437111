// The queue page of those who run the platform.
import { randomUUID } from "node:crypto";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { type Db, serviceDb } from "../core/db.ts";
import { en } from "../portal/app/i18n/en.ts";
import { ru } from "../portal/app/i18n/ru.ts";
import { keysOf, makeAccount } from "./account.ts";

const portal = () => process.env.PLATFORM_URL!;
const words = en.platform;

function service(): Db {
  const { SUPABASE_PUBLISHABLE_KEY: publishableKey, SUPABASE_SECRET_KEY: secretKey } = keysOf(process.env.PLATFORM_DATA!);
  return serviceDb({ url: process.env.PLATFORM_BACKEND!, publishableKey, secretKey });
}

/** Somebody who is signed in; with `runs`, one who runs the platform. */
async function signedIn(browser: Browser, { runs, locale = "en-GB" }: { runs: boolean; locale?: string }): Promise<Page> {
  const account = await makeAccount({ backendUrl: process.env.PLATFORM_BACKEND!, dataFolder: process.env.PLATFORM_DATA! });
  if (runs) expect((await service().rpc("add_platform_admin", { address: account.email })).data).toBe(true);
  const page = await (await browser.newContext({ locale })).newPage();
  const { auth } = locale.startsWith("ru") ? ru : en;
  await page.goto(`${portal()}/login`);
  await page.getByLabel(auth.email).fill(account.email);
  await page.getByLabel(auth.password, { exact: true }).fill(account.password);
  await page.getByRole("button", { name: auth.signIn }).click();
  await page.waitForURL(/\/orgs\//);
  return page;
}

const put = async (name: string) => {
  const { error } = await service().from("outbox").insert({ name, payload: {} });
  if (error) throw new Error(error.message);
};
const jobsOf = async (name: string) => (await service().from("outbox").select("id", { count: "exact", head: true }).eq("name", name)).count;

async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

test("who does not run the platform finds no way to its queue, and nothing there", async ({ browser }) => {
  const page = await signedIn(browser, { runs: false });
  await page.getByRole("button", { name: new RegExp(`^${en.shell.account}`) }).click();
  await expect(page.getByRole("button", { name: en.auth.signOut })).toBeVisible();
  await expect(page.getByRole("link", { name: words.menu })).toHaveCount(0);
  expect((await page.goto(`${portal()}/platform/queue`))?.status()).toBe(404);
  await expect(page.getByText(words.throughput)).toHaveCount(0);
  const asked = await page.request.post(`${portal()}/platform/queue?_data=routes%2Fplatform.queue`, {
    form: { intent: "pause", name: "*" },
    headers: { origin: portal() },
  });
  expect(asked.status()).toBe(404);
});

test("an operator sees the queue, pauses a job after confirming it, and settles what was given up", async ({ browser }) => {
  const name = `no.such.job.${randomUUID().slice(0, 8)}`;
  await Promise.all([put(name), put(name)]);
  const page = await signedIn(browser, { runs: true });
  await page.getByRole("button", { name: new RegExp(`^${en.shell.account}`) }).click();
  await page.getByRole("link", { name: words.menu }).click();
  await expect(page.getByRole("heading", { name: words.title, exact: true })).toBeVisible();

  const scheduled = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: /^platform\.sweep/ }) });
  // Its last run may be "now" as well; the next one stands behind it.
  await expect(scheduled.getByText(/^(in \d+ (seconds|minute)|now)$/).last()).toBeVisible();
  const workers = page.getByRole("heading", { name: words.workers }).locator("xpath=ancestor::section[1]");
  await expect(workers.getByText(words.alive)).toBeVisible();
  await expectAccessible(page);

  const job = "secrets.reseal";
  await page.getByRole("button", { name: `${words.pause}: ${job}` }).click();
  const dialog = page.getByRole("alertdialog").or(page.getByRole("dialog"));
  await expect(dialog.getByText(words.pauseTitle(job))).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: `${words.resume}: ${job}` })).toHaveCount(0);
  await page.getByRole("button", { name: `${words.pause}: ${job}` }).click();
  await dialog.getByRole("button", { name: words.pause }).click();
  const paused = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: new RegExp(`^${job}`) }) });
  await expect(paused.getByText(words.paused)).toBeVisible();
  await expect(paused.getByText(words.afterPause)).toBeVisible();
  await page.getByRole("button", { name: `${words.resume}: ${job}` }).click();
  await expect(paused.getByText(words.paused)).toHaveCount(0);

  const letters = page.getByRole("listitem").filter({ hasText: name });
  await expect(letters).toHaveCount(2, { timeout: 15_000 });
  await letters.first().getByRole("button", { name: words.dismiss }).click();
  await expect(letters).toHaveCount(1);
  expect(await jobsOf(name)).toBe(2);
  await letters.getByRole("button", { name: words.retry, exact: true }).click();
  await expect.poll(() => jobsOf(name)).toBe(3);
  // Nobody can do it this time either.
  await expect(letters).toHaveCount(1, { timeout: 15_000 });
  await letters.getByRole("button", { name: words.dismiss }).click();
  await expect(letters).toHaveCount(0);
});

test("in Russian, on a phone", async ({ browser }) => {
  const page = await signedIn(browser, { runs: true, locale: "ru-RU" });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${portal()}/platform/queue`);
  await expect(page.getByRole("heading", { name: ru.platform.title, exact: true })).toBeVisible();
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  await expectAccessible(page);
  // All there is to know and do of a job is within the width of the screen.
  const job = page.getByRole("listitem").filter({ has: page.getByRole("button", { name: `${ru.platform.pause}: platform.sweep` }) });
  await job.scrollIntoViewIfNeeded();
  await expect(job.getByText(ru.platform.nextDue)).toBeInViewport({ ratio: 1 });
  await expect(job.getByRole("button")).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole("table")).toHaveCount(0);
});
