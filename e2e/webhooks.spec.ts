// Webhooks in the portal: made, tried, looked into, changed and removed by an admin.
import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { en } from "../portal/app/i18n/en.ts";
import { ru } from "../portal/app/i18n/ru.ts";
import { type Account, makeAccount } from "./account.ts";

const portal = () => process.env.PLATFORM_URL!;
const words = en.webhooks;

async function signedIn(browser: Browser, options: Parameters<Browser["newContext"]>[0] = {}): Promise<{ page: Page; account: Account }> {
  const account = await makeAccount({ backendUrl: process.env.PLATFORM_BACKEND!, dataFolder: process.env.PLATFORM_DATA! });
  const page = await (await browser.newContext(options)).newPage();
  const t = options.locale?.startsWith("ru") ? ru : en;
  await page.goto(`${portal()}/login`);
  await page.getByLabel(t.auth.email).fill(account.email);
  await page.getByLabel(t.auth.password, { exact: true }).fill(account.password);
  await page.getByRole("button", { name: t.auth.signIn }).click();
  await page.waitForURL(/\/orgs\//);
  return { page, account };
}

async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

test("an endpoint is made, tried, looked into, switched off and removed", async ({ browser }) => {
  const { page } = await signedIn(browser);
  await page.getByRole("link", { name: en.shell.integrations }).first().click();
  await page.getByRole("link", { name: words.title, exact: true }).click();
  await page.getByRole("button", { name: words.new }).click();
  await page.getByLabel(words.url).fill("http://hooks.example.com/agent");
  await page.getByLabel(words.description).fill("Order system");
  await page.getByRole("checkbox", { name: words.events["message.created"] }).uncheck();
  await page.getByRole("button", { name: words.create }).click();
  await expect(page.getByText(en.errors.webhookUrl)).toBeVisible();
  await expect(page.getByLabel(words.description)).toHaveValue("Order system");
  await expectAccessible(page);

  // Nobody is at home there, and the platform knows without dialling.
  await page.getByLabel(words.url).fill("https://127.0.0.1/agent");
  await page.getByRole("button", { name: words.create }).click();
  const secret = await page.getByText(/^whsec_/).textContent();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  await page.getByRole("link", { name: words.secretDone }).click();
  await expect(page.getByRole("heading", { name: "https://127.0.0.1/agent" })).toBeVisible();
  expect(await page.content()).not.toContain(secret);
  await expect(page.getByRole("checkbox", { name: words.events["message.created"] })).not.toBeChecked();
  await expect(page.getByRole("checkbox", { name: words.events["feedback.received"] })).toBeChecked();

  await page.getByRole("button", { name: words.test }).click();
  const delivery = page.getByRole("button", { expanded: false }).filter({ hasText: words.events["webhook.test"] });
  await expect(delivery).toBeVisible();
  await expect(page.getByText(words.failing)).toBeVisible({ timeout: 20_000 });
  await delivery.click();
  await expect(page.getByText(words.failures.address_refused)).toBeVisible();
  await expect(page.getByText("webhook-signature")).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("button", { name: words.switchOff }).click();
  await expect(page.getByText(words.disabled.by_hand)).toBeVisible();
  await expect(page.getByRole("button", { name: words.test })).toBeHidden();
  await page.getByRole("button", { name: words.switchOn }).click();
  await expect(page.getByRole("button", { name: words.test })).toBeVisible();

  await page.getByRole("button", { name: words.rotate }).click();
  await page.getByRole("button", { name: words.rotateNow }).click();
  const fresh = await page.getByText(/^whsec_/).textContent();
  expect(fresh).not.toBe(secret);
  await page.getByRole("button", { name: words.secretDone }).click();
  await expect(page.getByText(/still signs along until/)).toBeVisible();

  await page.getByRole("button", { name: words.remove }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: words.remove })).toBeDisabled();
  await dialog.getByRole("textbox").fill("127.0.0.1");
  await dialog.getByRole("button", { name: words.remove }).click();
  await expect(page.getByText(words.emptyTitle)).toBeVisible();
});

test("T07: another organization's endpoint is not there, whatever is asked of it", async ({ browser }) => {
  const [mine, theirs] = [await signedIn(browser), await signedIn(browser)];
  await mine.page.goto(`${portal()}/orgs/${mine.account.orgSlug}/integrations/webhooks`);
  await mine.page.getByRole("button", { name: words.new }).click();
  await mine.page.getByLabel(words.url).fill("https://hooks.example.com/agent");
  await mine.page.getByRole("button", { name: words.create }).click();
  await mine.page.getByRole("link", { name: words.secretDone }).click();
  await mine.page.waitForURL(/\/webhooks\/[0-9a-f-]{36}$/);
  const id = mine.page.url().split("/").at(-1);
  const own = `${portal()}/orgs/${theirs.account.orgSlug}/integrations/webhooks/${id}`;
  for (const address of [own, mine.page.url(), `${own}/attempts/${id}`])
    expect((await theirs.page.request.get(address)).status()).toBe(404);
  for (const intent of ["test", "rotate", "remove"]) {
    const answer = await theirs.page.request.post(`${own}?index`, { form: { intent }, headers: { origin: portal() } });
    expect([intent, answer.status()]).toEqual([intent, 404]);
  }
  expect((await mine.page.request.get(mine.page.url())).status()).toBe(200);
});
