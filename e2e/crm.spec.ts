// A CRM in the portal, from end to end against fakes of its own: connect, map, try, send, see it there, change it there, see it here, leave.

import { createServer } from "node:net";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { en } from "../portal/app/i18n/en.ts";
import { ru } from "../portal/app/i18n/ru.ts";
import { type Account, makeAccount, makeAgent } from "./account.ts";
import { type FakeAmocrm, startAmocrm } from "./fakes/crm/amocrm.ts";
import { type FakeHubspot, startFakeHubspot } from "./fakes/crm/hubspot.ts";
import { type Platform, startPlatform } from "./platform.ts";

const SHOP = "https://shop.example";

let platform: Platform;
let hubspot: FakeHubspot;
let amocrm: FakeAmocrm;

const freePort = () =>
  new Promise<number>((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });

test.beforeAll(async () => {
  test.setTimeout(240_000);
  // amoCRM sends people back to the address that is written in its integration.
  const port = await freePort();
  const url = `http://localhost:${port}`;
  [hubspot, amocrm] = await Promise.all([startFakeHubspot(), startAmocrm({ redirectUri: `${url}/integrations/crm/callback` })]);
  platform = await startPlatform({
    env: {
      PORT: String(port),
      HUBSPOT_CLIENT_ID: hubspot.app.clientId,
      HUBSPOT_CLIENT_SECRET: hubspot.app.clientSecret,
      HUBSPOT_URL: hubspot.url,
      AMOCRM_CLIENT_ID: amocrm.app.clientId,
      AMOCRM_CLIENT_SECRET: amocrm.app.clientSecret,
      AMOCRM_URL: amocrm.url,
    },
  });
});
test.afterAll(async () => {
  await platform?.stop();
  await Promise.all([hubspot?.close(), amocrm?.close()]);
});

async function signedIn(browser: Browser, locale: "en-GB" | "ru-RU"): Promise<{ page: Page; account: Account }> {
  const account = await makeAccount(platform);
  const page = await (await browser.newContext({ locale })).newPage();
  const t = locale === "ru-RU" ? ru : en;
  await page.goto(`${platform.url}/login`);
  await page.getByLabel(t.auth.email).fill(account.email);
  await page.getByLabel(t.auth.password, { exact: true }).fill(account.password);
  await page.getByRole("button", { name: t.auth.signIn }).click();
  await page.waitForURL(/\/orgs\//);
  return { page, account };
}

/** A visitor asks something and leaves their details. */
async function leaveDetails(account: Account, question: string, email: string): Promise<void> {
  const agent = await makeAgent(account, "Shop helper", [SHOP], { handoff: { enabled: true }, leads: { when: "handoff" } });
  const post = async (path: string, body: unknown, token?: string) => {
    const answer = await fetch(`${platform.url}${path}`, {
      method: "POST",
      headers: {
        origin: SHOP,
        "content-type": "application/json",
        "idempotency-key": `${email}-${path.length}`,
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    expect([path, answer.ok, answer.ok || text]).toEqual([path, true, true]);
    return text;
  };
  const { token } = JSON.parse(await post(`/api/v1/agents/${agent.public_id}/sessions`, {})) as { token: string };
  const id = `conversation-${email.split("@")[0]}`;
  const messages = [{ id: "m1", role: "user", parts: [{ type: "text", text: question }] }];
  await post(`/api/v1/agents/${agent.public_id}/chat`, { id, trigger: "submit-message", messages }, token);
  await post(`/api/v1/conversations/${id}/lead`, { name: "Anna Petrova", email }, token);
}

async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

/** Tells the platform of a change as the CRM does. */
async function tell(crm: FakeHubspot, contactIds: string[]): Promise<void> {
  for (const request of crm.webhook!({ url: `${platform.url}/api/webhooks/hubspot`, secret: "", contactIds, kind: "changed" })) {
    const answer = await fetch(request.url, { method: "POST", headers: request.headers, body: new Uint8Array(request.body) });
    expect(answer.status).toBe(200);
  }
}

test("HubSpot: connect, map, dry run, send, see it there, change it there, see it here, disconnect", async ({ browser }) => {
  test.setTimeout(180_000);
  const words = en.crm;
  const there = hubspot.addContact({ name: "Anna", email: "anna@example.com" });
  const { page, account } = await signedIn(browser, "en-GB");
  const violations: string[] = [];
  page.on("console", (message) => /Content Security Policy/i.test(message.text()) && violations.push(message.text()));
  await page.goto(`${platform.url}/orgs/${account.orgSlug}/integrations`);
  await expect(page.getByText(words.emptyTitle)).toBeVisible();
  await expectAccessible(page);

  // Saying no leaves nothing behind; the way back works once.
  const choose = async () => {
    await page.getByRole("button", { name: words.connect }).first().click();
    await page.getByRole("button", { name: /^HubSpot/ }).click();
    await page.getByRole("button", { name: words.signIn("HubSpot") }).click();
  };
  await choose();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("heading", { name: words.callback.declinedTitle })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: words.callback.refusedTitle })).toBeVisible();
  await page.goto(`${platform.url}/orgs/${account.orgSlug}/integrations/crm`);
  await choose();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(/\/crm\/[0-9a-f-]{36}$/);
  await expect(page.getByText(words.states.ok)).toBeVisible();
  await expectAccessible(page);

  // What is sent, and what comes back: a field of the CRM's own beside conversations.
  const base = page.url();
  await page.getByRole("link", { name: words.mapping }).click();
  await expect(page.getByText("First Name · text")).toBeVisible();
  await page.getByRole("button", { name: words.addRow }).first().click();
  await page.getByRole("combobox", { name: `${words.row(5)}: ${words.our}` }).selectOption("");
  await page.getByRole("combobox", { name: `${words.row(5)}: ${words.their}` }).fill("jobtitle");
  await page.keyboard.press("Tab");
  await expect(page.getByText("Job Title · text")).toBeVisible();
  await page.getByRole("checkbox", { name: words.pull }).check();
  await page.getByRole("button", { name: en.common.save }).click();
  await expect(page.getByText(en.common.saved)).toBeVisible();
  await expectAccessible(page);

  // A dry run on a real conversation, which is only then sent by the lead's own trigger.
  await page.getByRole("link", { name: words.overview }).click();
  await page.getByRole("button", { name: words.pause }).click();
  await expect(page.getByText(words.states.paused, { exact: true })).toBeVisible();
  await leaveDetails(account, "How much is engraving for 40 bottles?", "anna@example.com");
  await page.goto(`${base}/mapping`);
  await page.getByRole("button", { name: words.previewRun }).click();
  await expect(page.getByText(words.dryRun)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/Petrova/).first()).toBeVisible();
  expect([hubspot.notes.size, hubspot.contacts.size]).toEqual([0, 1]);
  await page.goto(base);
  await page.getByRole("button", { name: words.resume }).first().click();
  await expect(page.getByText(words.states.ok)).toBeVisible();
  await page.goto(`${base}/mapping`);
  await page.getByRole("button", { name: words.previewRun }).click();
  await page.getByRole("button", { name: words.syncNow }).click();
  await expect(page.getByText(words.syncing)).toBeVisible({ timeout: 30_000 });
  await expect.poll(() => hubspot.notes.size, { timeout: 30_000 }).toBe(1);
  expect([...hubspot.notes.values()][0]!.text).toContain("engraving");
  expect(hubspot.contacts.size).toBe(1);
  await page.goto(`${base}/sent`);
  await expect(page.getByRole("listitem").getByText(words.pushStates.done, { exact: true })).toBeVisible({ timeout: 20_000 });
  await expectAccessible(page);

  // Changed there, heard here.
  hubspot.change(there.id, { fields: { ...there.fields, jobtitle: "Buyer" } });
  await tell(hubspot, [there.id]);
  await page.goto(`${base}/received`);
  await expect(page.getByText(words.eventKinds.changed)).toBeVisible();
  await expect
    .poll(
      async () => {
        const { data } = await account.db.from("crm_contacts").select("fields").eq("org_id", account.orgId);
        return JSON.stringify(data);
      },
      { timeout: 30_000 },
    )
    .toContain("Buyer");

  // Beside the conversation stands where it is.
  await page.goto(`${platform.url}/orgs/${account.orgSlug}/conversations`);
  await page.getByRole("link", { name: /engraving/ }).click();
  await expect(page.getByLabel(words.card).getByText(words.pushStates.done, { exact: true })).toBeVisible();
  await expect(page.getByLabel(words.card).getByText(words.objects.contact, { exact: true })).toBeVisible();

  await page.goto(base);
  await page.getByRole("button", { name: words.disconnect }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: words.disconnectNow })).toBeDisabled();
  await dialog.getByRole("textbox").fill(hubspot.account.name);
  await dialog.getByRole("button", { name: words.disconnectNow }).click();
  await expect
    .poll(
      async () => {
        const { data } = await account.db.from("connections").select("id").eq("org_id", account.orgId);
        return data?.length;
      },
      { timeout: 30_000 },
    )
    .toBe(0);
  // The tokens are worthless there, and what we wrote stays.
  expect(hubspot.requests.some(({ path, status }) => path.endsWith("/token/revoke") && status === 200)).toBe(true);
  expect(hubspot.notes.size).toBe(1);
  expect(violations).toEqual([]);
});

test("amoCRM, по-русски: вход, карта полей, заявка уходит сама", async ({ browser }) => {
  test.setTimeout(120_000);
  const words = ru.crm;
  const { page, account } = await signedIn(browser, "ru-RU");
  await page.goto(`${platform.url}/orgs/${account.orgSlug}/integrations/crm`);
  await page.getByRole("button", { name: words.connect }).click();
  await page.getByRole("button", { name: /^amoCRM/ }).click();
  await expect(page.getByRole("radio", { name: words.clouds["amocrm.ru"]! })).toBeChecked();
  await page.getByRole("button", { name: words.signIn("amoCRM") }).click();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(/\/crm\/[0-9a-f-]{36}$/);
  const base = page.url();
  await expect(page.getByText(words.states.ok)).toBeVisible();
  await page.getByRole("link", { name: words.mapping }).click();
  await expect(page.getByText(/Телефон · телефон/)).toBeVisible();
  await expectAccessible(page);
  await leaveDetails(account, "Сколько стоит гравировка сорока бутылок?", "anna.ru@example.com");
  await expect.poll(() => [...amocrm.contacts.values()].map(({ email }) => email), { timeout: 40_000 }).toContain("anna.ru@example.com");
  await page.goto(`${base}/sent`);
  await expect(page.getByRole("listitem").getByText(words.pushStates.done, { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(words.reasons.leadCaptured!)).toBeVisible();
  await expectAccessible(page);
});
