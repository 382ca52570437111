// A CRM in the portal, from end to end against fakes of its own: connect, map, try, send, see it there, change it there, see it here, leave.

import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { serviceDb } from "../core/db.ts";
import { en } from "../portal/app/i18n/en.ts";
import { ru } from "../portal/app/i18n/ru.ts";
import { type Account, keysOf, makeAccount, makeAgent } from "./account.ts";
import { type FakeAmocrm, startAmocrm } from "./fakes/crm/amocrm.ts";
import { type FakeBitrix24, startBitrix24 } from "./fakes/crm/bitrix24.ts";
import type { FakeCrm } from "./fakes/crm/fake-crm.ts";
import { type FakeHubspot, startFakeHubspot } from "./fakes/crm/hubspot.ts";
import { type FakePipedrive, startFakePipedrive } from "./fakes/crm/pipedrive.ts";
import { type FakeSalesforce, startFakeSalesforce } from "./fakes/crm/salesforce.ts";
import { freePort } from "./fakes/free-port.ts";
import { type Platform, startPlatform } from "./platform.ts";

const SHOP = "https://shop.example";

let platform: Platform;
let hubspot: FakeHubspot;
let amocrm: FakeAmocrm;
let salesforce: FakeSalesforce;
let pipedrive: FakePipedrive;
let bitrix24: FakeBitrix24;

test.beforeAll(async () => {
  test.setTimeout(240_000);
  // amoCRM and Bitrix24 send people back to the address that is registered with them.
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const redirectUri = `${url}/integrations/crm/callback`;
  [hubspot, amocrm, salesforce, pipedrive, bitrix24] = await Promise.all([
    startFakeHubspot(),
    startAmocrm({ redirectUri }),
    startFakeSalesforce(),
    startFakePipedrive(),
    startBitrix24({ redirectUri }),
  ]);
  platform = await startPlatform({
    demo: false,
    env: {
      PORT: String(port),
      HUBSPOT_CLIENT_ID: hubspot.app.clientId,
      HUBSPOT_CLIENT_SECRET: hubspot.app.clientSecret,
      HUBSPOT_URL: hubspot.url,
      AMOCRM_CLIENT_ID: amocrm.app.clientId,
      AMOCRM_CLIENT_SECRET: amocrm.app.clientSecret,
      AMOCRM_URL: amocrm.url,
      SALESFORCE_CLIENT_ID: salesforce.app.clientId,
      SALESFORCE_CLIENT_SECRET: salesforce.app.clientSecret,
      SALESFORCE_URL: salesforce.url,
      PIPEDRIVE_CLIENT_ID: pipedrive.app.clientId,
      PIPEDRIVE_CLIENT_SECRET: pipedrive.app.clientSecret,
      PIPEDRIVE_URL: pipedrive.url,
      BITRIX24_CLIENT_ID: bitrix24.app.clientId,
      BITRIX24_CLIENT_SECRET: bitrix24.app.clientSecret,
      BITRIX24_URL: bitrix24.url,
    },
  });
});
test.afterAll(async () => {
  await platform?.stop();
  await Promise.all([hubspot, amocrm, salesforce, pipedrive, bitrix24].map((fake) => fake?.close()));
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
  await expect(page.getByText(words.tagsNone)).toBeVisible();
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

  // What a model was told of a visitor stands in the receipt: here no model answered, so the record is as one that did would leave it.
  const conversation = page.url().split("/").at(-1)!;
  const { SUPABASE_PUBLISHABLE_KEY: publishableKey, SUPABASE_SECRET_KEY: secretKey } = keysOf(platform.dataFolder);
  const service = serviceDb({ url: platform.backendUrl, publishableKey, secretKey });
  const told = await service
    .from("runs")
    .update({ visitor_facts: [{ label: "Job Title", crm: "hubspot", cloud: "global" }] })
    .eq("conversation_id", conversation)
    .select("id")
    .single();
  expect(told.error).toBeNull();
  await page.goto(`${page.url()}/receipts/${told.data?.id}`);
  await expect(page.getByRole("heading", { name: en.receipt.visitorFacts })).toBeVisible();
  await expect(page.getByText("Job Title", { exact: true })).toBeVisible();
  await expect(page.getByText(en.receipt.visitorFactsHint)).toBeVisible();
  await expectAccessible(page);

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

type Story = {
  crm: string;
  locale: "en-GB" | "ru-RU";
  /** As it is called in the portal. */
  name: string;
  /** What is chosen and typed before the sign-in. */
  cloud?: string;
  domain?: { label: "domain" | "ownDomain"; text: string };
  fake: () => FakeCrm;
  tags: boolean;
  question: string;
};

/** Each of the others, told by one story: connect, map, try, send, see it there. */
const STORIES: Story[] = [
  {
    crm: "salesforce",
    locale: "en-GB",
    name: "Salesforce",
    domain: { label: "ownDomain", text: "https://acme--uat.sandbox.lightning.force.com/lightning/page/home" },
    fake: () => salesforce,
    tags: false,
    question: "How much is engraving for 40 flasks?",
  },
  {
    crm: "pipedrive",
    locale: "en-GB",
    name: "Pipedrive",
    fake: () => pipedrive,
    tags: true,
    question: "How much is engraving for 40 mugs?",
  },
  {
    crm: "amocrm",
    locale: "ru-RU",
    name: "amoCRM",
    cloud: "amocrm.ru",
    fake: () => amocrm,
    tags: true,
    question: "Сколько стоит гравировка сорока бутылок?",
  },
  {
    crm: "bitrix24",
    locale: "ru-RU",
    name: "Битрикс24",
    cloud: "bitrix24.ru",
    domain: { label: "domain", text: "acme.bitrix24.ru" },
    fake: () => bitrix24,
    tags: false,
    question: "Сколько стоит гравировка сорока кружек?",
  },
];

for (const story of STORIES) {
  test(`${story.name}: connect, map, dry run, send, see it there`, async ({ browser }) => {
    test.setTimeout(120_000);
    const t = story.locale === "ru-RU" ? ru : en;
    const words = t.crm;
    const fake = story.fake();
    const email = `anna.${story.crm}@example.com`;
    const { page, account } = await signedIn(browser, story.locale);
    // Before anything is connected: nothing is sent by itself.
    await leaveDetails(account, story.question, email);
    await page.goto(`${platform.url}/orgs/${account.orgSlug}/integrations/crm`);
    await page.getByRole("button", { name: words.connect }).click();
    await page.getByRole("button", { name: new RegExp(`^${story.name}`) }).click();
    if (story.cloud) await page.getByRole("radio", { name: words.clouds[story.cloud]! }).check();
    if (story.domain) {
      const field = page.getByLabel(words[story.domain.label]);
      await field.fill("evil.example");
      if (story.domain.label === "ownDomain") {
        await page.getByRole("button", { name: words.signIn(story.name) }).click();
        await expect(page.getByText(t.errors.crmDomain)).toBeVisible();
      }
      await field.fill(story.domain.text);
    }
    await page.getByRole("button", { name: words.signIn(story.name) }).click();
    await page.getByRole("button", { name: "Allow" }).click();
    await page.waitForURL(/\/crm\/[0-9a-f-]{36}$/);
    const base = page.url();
    await expect(page.getByText(words.states.ok)).toBeVisible();

    await page.getByRole("link", { name: words.mapping }).click();
    await expect(page.getByText(new RegExp(`· ${words.kindsOfField.phone}$`)).first()).toBeVisible();
    if (story.tags) await page.getByLabel(words.tags).fill("site");
    else await expect(page.getByText(words.tagsNone)).toBeVisible();
    await page.getByRole("checkbox", { name: words.writes.deal }).check();
    await page.getByRole("button", { name: t.common.save }).click();
    await expect(page.getByText(t.common.saved)).toBeVisible();

    await page.getByRole("button", { name: words.previewRun }).click();
    await expect(page.getByText(words.dryRun)).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText(email).first()).toBeVisible();
    expect([fake.contacts.size, fake.deals.size, fake.notes.size]).toEqual([0, 0, 0]);
    await page.getByRole("button", { name: words.syncNow }).click();
    await expect(page.getByText(words.syncing)).toBeVisible({ timeout: 30_000 });
    await expect.poll(() => [fake.contacts.size, fake.deals.size, fake.notes.size], { timeout: 40_000 }).toEqual([1, 1, 1]);
    expect([...fake.contacts.values()][0]).toMatchObject({ email, ...(story.crm === "amocrm" ? { tags: ["site"] } : {}) });
    expect([...fake.notes.values()][0]!.text).toContain(story.question);

    await page.goto(`${base}/sent`);
    await expect(page.getByRole("listitem").getByText(words.pushStates.done, { exact: true })).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText(words.reasons.byHand!)).toBeVisible();
    await expectAccessible(page);
    expect(fake.breaches()).toBe(0);

    if (fake !== pipedrive) return;
    // Somebody removes the app there: Pipedrive says so at the address of the sign-in.
    const removed = pipedrive.uninstall(`${platform.url}/integrations/crm/callback`);
    const told = await fetch(removed.url, { method: "DELETE", headers: removed.headers, body: new Uint8Array(removed.body) });
    expect([told.status, await told.json()]).toEqual([200, { received: 1 }]);
    await expect(async () => {
      await page.goto(base);
      await expect(page.getByText(words.states.unauthorized, { exact: true }).first()).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 30_000 });
  });
}
