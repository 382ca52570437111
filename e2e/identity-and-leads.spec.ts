// A customer's own server names its signed-in visitors; one of them asks for a person and leaves contact details.
import { createHmac, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { en } from "../portal/app/i18n/en.ts";
import { type Account, makeAccount, makeAgent } from "./account.ts";
import { Widget } from "./host/fixtures.ts";
import { HostSite } from "./host/server.ts";

const portal = () => process.env.PLATFORM_URL!;
const words = en.contact;

async function signedIn(browser: Browser): Promise<{ page: Page; account: Account }> {
  const account = await makeAccount({ backendUrl: process.env.PLATFORM_BACKEND!, dataFolder: process.env.PLATFORM_DATA! });
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${portal()}/login`);
  await page.getByLabel(en.auth.email).fill(account.email);
  await page.getByLabel(en.auth.password, { exact: true }).fill(account.password);
  await page.getByRole("button", { name: en.auth.signIn }).click();
  await page.waitForURL(/\/orgs\//);
  return { page, account };
}

async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
function signed(secret: string, claims: object): string {
  const text = `${part({ alg: "HS256" })}.${part({ exp: Math.floor(Date.now() / 1000) + 300, ...claims })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

test("from a key to a lead: verified on two devices, asked for a person, answered for, exported, revoked", async ({ browser }) => {
  // A whole story on one platform: more than a minute on a busy machine.
  test.setTimeout(180_000);
  const host = await new HostSite(portal()).start();
  try {
    const { page, account } = await signedIn(browser);
    const agent = await makeAgent(account, "Helper", [host.origin]);
    const settings = `${portal()}/orgs/${account.orgSlug}/agents/${agent.id}/settings`;

    // People and leads are switched on.
    await page.goto(`${settings}/contact`);
    await page.getByRole("checkbox", { name: words.handoff }).check();
    await page.getByRole("checkbox", { name: words.leads }).check();
    await page.getByLabel(words.fieldNames.email).selectOption("off");
    await page.getByRole("button", { name: en.common.save }).click();
    await expect(page.getByText(en.errors.contactFields)).toBeVisible();
    await page.getByLabel(words.fieldNames.email).selectOption("required");
    await page.getByLabel(words.consent).first().fill("You may write to me.");
    await expectAccessible(page);
    await page.getByRole("button", { name: en.common.save }).click();
    await expect(page.getByText(en.common.saved)).toBeVisible();

    // A key, shown once; then the agent is closed to everybody else.
    await page.goto(`${settings}/visitors`);
    await expectAccessible(page);
    await page.getByRole("button", { name: en.visitors.new }).click();
    await page.getByLabel(en.visitors.name, { exact: true }).fill("Shop");
    await page.getByRole("button", { name: en.visitors.create }).click();
    const secret = (await page.getByText(/^gai_[\w-]{43}$/).textContent()) ?? "";
    expect(secret).toMatch(/^gai_[\w-]{43}$/);
    await page.getByRole("button", { name: en.visitors.done }).click();
    await page.reload();
    expect(await page.content()).not.toContain(secret);
    const enforce = page.getByRole("checkbox", { name: en.visitors.enforce });
    await Promise.all([page.waitForResponse((response) => response.request().method() === "POST"), enforce.click()]);
    await page.reload();
    await expect(enforce).toBeChecked();
    await expectAccessible(page);

    // On the shop's page, signed in there.
    const person = `customer-${randomUUID().slice(0, 8)}`;
    let token: string | null = null;
    host.page = { body: `<gpt-agent agent-id="${agent.public_id}" user-token-url="/agent-token"></gpt-agent>`, token: () => token };
    const visitorPage = await (await browser.newContext()).newPage();
    const widget = new Widget(visitorPage, host);
    await widget.visit();
    await widget.open();
    await widget.ask("Where is my order?");
    await expect(widget.element.getByText("Please sign in on this site to use the chat.").first()).toBeVisible();
    token = signed(secret, { sub: person, aud: agent.public_id, name: "Anna Petrova", email: "anna@shop.example" });
    // The panel is open as it was.
    await widget.visit();
    await widget.composer.waitFor();
    await widget.ask("Where is my order?");
    await expect(widget.answers).toHaveCount(1);
    await widget.button("Menu").click();
    await widget.button("Talk to a person").click();
    const card = widget.element.getByRole("form", { name: "Your contact details" });
    await card.getByLabel("E-mail").fill("=anna@shop.example");
    await card.getByRole("checkbox").check();
    await card.getByRole("button", { name: "Send" }).click();
    await expect(widget.element.getByText("Thank you! We’ll get back to you.").first()).toBeVisible();

    // Another device of the same person.
    const phone = new Widget(await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage(), host);
    await phone.visit();
    await phone.open();
    await phone.button("Menu").click();
    await phone.button("Past chats").click();
    await phone.element.getByText("Where is my order?").click();
    await expect(phone.element.getByText("Your request for a person has been passed on.")).toBeVisible();

    // In the portal: who waits, what they left, and that it was handled.
    await page.goto(`${portal()}/orgs/${account.orgSlug}/conversations?waiting=1`);
    await expect(page.getByText(words.requested)).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("link", { name: "Where is my order?" }).click();
    await expect(page.getByText("Anna Petrova")).toBeVisible();
    await expect(page.getByText(person)).toBeVisible();
    await expect(page.getByText(words.noted)).toBeVisible();
    await expect(page.getByRole("link", { name: "=anna@shop.example" })).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("button", { name: words.markHandled }).click();
    await expect(page.getByRole("button", { name: words.markHandled })).toHaveCount(0);
    await page.goto(`${portal()}/orgs/${account.orgSlug}/conversations?waiting=1`);
    await expect(page.getByText(words.noneWaiting)).toBeVisible();

    await page.getByRole("link", { name: en.shell.leads }).first().click();
    await expect(page.getByRole("heading", { name: words.title })).toBeVisible();
    await expectAccessible(page);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: words.export }).click()]);
    const csv = await readFile(await download.path(), "utf8");
    expect(csv.split("\r\n")[0]).toContain("created_at,name,email,phone");
    expect(csv).toContain(",'=anna@shop.example,");
    await page.getByRole("button", { name: `${words.remove}: =anna@shop.example` }).click();
    await page.getByRole("dialog").getByRole("button", { name: words.remove }).click();
    await expect(page.getByText(words.emptyTitle)).toBeVisible();

    // A member's playground still works; with the key revoked the shop's token does not.
    await page.goto(`${portal()}/orgs/${account.orgSlug}/agents/${agent.id}/playground`);
    const inline = new Widget(page, host);
    await inline.composer.fill("Hello");
    await inline.composer.press("Enter");
    await expect(inline.answers).toHaveCount(1);
    await page.goto(`${settings}/visitors`);
    await page.getByRole("button", { name: `${en.visitors.revoke}: Shop` }).click();
    await page.getByRole("dialog").getByRole("button", { name: en.visitors.revoke }).click();
    await expect(page.getByText(en.visitors.enforceNoKeys)).toBeVisible();
    // The panel is open as it was.
    await widget.visit();
    await widget.composer.waitFor();
    await expect(widget.element.getByText("Please sign in on this site to use the chat.").first()).toBeVisible();
  } finally {
    await host.stop();
  }
});

test("T07: another organization's leads, keys and conversations are not there", async ({ browser }) => {
  const [mine, theirs] = [await signedIn(browser), await signedIn(browser)];
  const agent = await makeAgent(mine.account, "Helper");
  const as = (slug: string, path: string) => `${portal()}/orgs/${slug}/${path}`;
  for (const path of ["leads", "leads/export", `agents/${agent.id}/settings/visitors`, `agents/${agent.id}/preview-token`])
    expect([path, (await theirs.page.request.get(as(mine.account.orgSlug, path))).status()]).toEqual([path, 404]);
  for (const path of [`agents/${agent.id}/settings/visitors`, `agents/${agent.id}/settings/contact`, `agents/${agent.id}/preview-token`])
    expect([path, (await theirs.page.request.get(as(theirs.account.orgSlug, path))).status()]).toEqual([path, 404]);
  const forms: [string, Record<string, string>][] = [
    [`agents/${agent.id}/settings/visitors`, { intent: "create", name: "x", algorithm: "HS256" }],
    [`agents/${agent.id}/settings/visitors`, { intent: "enforce", on: "true" }],
    ["leads?index", { intent: "erase", leadId: randomUUID() }],
  ];
  for (const [path, form] of forms) {
    const answer = await theirs.page.request.post(as(mine.account.orgSlug, path), { form, headers: { origin: portal() } });
    expect([path, answer.status()]).toEqual([path, 404]);
  }
  expect((await mine.page.request.get(as(mine.account.orgSlug, `agents/${agent.id}/settings/visitors`))).status()).toBe(200);
});
