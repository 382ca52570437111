// A limit's life: an admin sets it, a visitor runs into it, the portal says so, the admin raises it, the question goes through.
// And the receipt of the answer, for its organization alone.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { serviceDb } from "../core/db.ts";
import { en } from "../portal/app/i18n/en.ts";
import { formatsIn } from "../portal/app/i18n/formats.ts";
import { type Account, keysOf, makeAccount, makeAgent, untilRead, uploadSource } from "./account.ts";
import { Widget } from "./host/fixtures.ts";
import { HostSite } from "./host/server.ts";
import type { Running } from "./platform.ts";

const words = en.usage;
const portal = () => process.env.PLATFORM_URL!;
const platform = () => {
  const dataFolder = process.env.PLATFORM_DATA!;
  const { backendUrl } = JSON.parse(readFileSync(join(dataFolder, "running.json"), "utf8")) as Running;
  return { backendUrl, dataFolder };
};
function service() {
  const { backendUrl, dataFolder } = platform();
  const { SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY } = keysOf(dataFolder);
  return serviceDb({ url: backendUrl, publishableKey: SUPABASE_PUBLISHABLE_KEY, secretKey: SUPABASE_SECRET_KEY });
}

async function signIn(browser: Browser, account: Account): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${portal()}/login`);
  await page.getByLabel(en.auth.email).fill(account.email);
  await page.getByLabel(en.auth.password, { exact: true }).fill(account.password);
  await page.getByRole("button", { name: en.auth.signIn }).click();
  await page.waitForURL(/\/orgs\//);
  return page;
}

async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

/** An agent that answers pages of `origin`, and has used 20,000 tokens this month, today: quotations use none. */
async function agentWithUsage(account: Account, origin: string) {
  const agent = await makeAgent(account, "Tarn", [origin]);
  const text = "# Delivery\n\nDelivery to the islands takes nine days by boat.\n";
  await untilRead(account, await uploadSource(account, agent.id, "Delivery.md", Buffer.from(text), "text/markdown"));
  const used = { org_id: account.orgId, agent_id: agent.id, day: new Date().toISOString().slice(0, 10), answers: 4, prompt_tokens: 20_000 };
  for (const made of [
    service().from("usage_daily").insert(used),
    service()
      .from("usage_by_model")
      .insert({ ...used, model: "test/model" }),
  ]) {
    const { error } = await made;
    if (error) throw new Error(error.message);
  }
  return agent;
}

test("a visitor runs into a limit; raised, it lets the question through, and the answer has a receipt", async ({ browser }) => {
  test.setTimeout(240_000);
  const account = await makeAccount(platform());
  const host = await new HostSite(portal()).start();
  const agent = await agentWithUsage(account, host.origin);
  const { data } = await account.db.from("agents").select("public_id").eq("org_id", account.orgId).eq("id", agent.id).single();
  host.page = { lang: "en", body: `<gpt-agent agent-id="${data!.public_id}"></gpt-agent>` };
  const page = await signIn(browser, account);
  await page.goto(`${portal()}/orgs/${account.orgSlug}/settings/usage`);
  await expect(page.getByText(words.limitsEmptyTitle)).toBeVisible();

  // The chart by keyboard: the range underneath says each day aloud, and the legend shows it.
  await page.getByRole("slider").focus();
  const today = formatsIn("en").utcDay(new Date().toISOString().slice(0, 10));
  await expect(page.getByRole("slider")).toHaveAttribute("aria-valuetext", `${today}: 20,000. Tarn 20,000`);
  await page.getByRole("radio", { name: words.byModel }).press(" ");
  await expect(page.getByRole("listitem").filter({ hasText: "test/model" })).toContainText("20,000");

  // A limit that would let nothing through is explained, and nothing typed is lost.
  await page.getByRole("button", { name: words.add }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(words.what).selectOption("tokens_per_month");
  await dialog.getByLabel(words.value, { exact: true }).fill("500");
  await dialog.getByRole("button", { name: en.common.save }).click();
  await expect(dialog.getByRole("alert")).toHaveText(en.errors.limitTokens);
  await expect(dialog.getByLabel(words.value, { exact: true })).toHaveValue("500");
  await expectAccessible(page);
  await dialog.getByLabel(words.value, { exact: true }).fill("12,000");
  await dialog.getByRole("button", { name: en.common.save }).click();
  await expect(dialog).toHaveCount(0);
  const limit = page.getByRole("listitem").filter({ hasText: words.metrics.tokens_per_month });
  await expect(limit).toContainText("20,000 of 12,000");
  await expect(limit.getByText(words.full)).toBeVisible();
  const banner = page.getByRole("alert").filter({ hasText: words.alertFull("tokens a month", words.subjects.organization) });
  await expect(banner).toBeVisible();
  await expectAccessible(page);

  const visitor = await (await browser.newContext({ locale: "en-GB" })).newPage();
  const widget = new Widget(visitor, host);
  await widget.visit();
  await widget.open();
  await widget.ask("How long does delivery to the islands take?");
  await expect(widget.element.locator(".notice")).toContainText("answered all it can for now");
  await expect(widget.messages.first()).toContainText("delivery to the islands");

  await limit.getByRole("button", { name: words.change }).click();
  await dialog.getByLabel(words.value, { exact: true }).fill("1,000,000");
  await dialog.getByRole("button", { name: en.common.save }).click();
  await expect(limit).toContainText("20,000 of 1,000,000");
  await expect(banner).toHaveCount(0);
  await widget.button("Try again").click();
  await expect(widget.answers.last()).toContainText("nine days by boat");

  // Removed, taken back.
  await limit.getByRole("button", { name: words.remove }).click();
  await dialog.getByRole("button", { name: words.remove, exact: true }).click();
  await expect(page.getByText(words.limitsEmptyTitle)).toBeVisible();
  await page.getByRole("button", { name: words.undo }).click();
  await expect(limit).toContainText("20,000 of 1,000,000");

  await page.goto(`${portal()}/orgs/${account.orgSlug}/conversations`);
  await page.getByRole("link", { name: /islands/ }).click();
  await page.getByRole("link", { name: en.receipt.open }).click();
  await expect(page.getByText(en.receipt.answeredFrom(1, 1))).toBeVisible();
  await expect(page.getByText(`${en.receipt.today}: ${en.receipt.same}`)).toBeVisible();
  await expectAccessible(page);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: en.receipt.download }).click();
  const receipt = JSON.parse(readFileSync(await (await download).path(), "utf8"));
  expect(receipt).toMatchObject({ outcome: "answered", passages: [{ title: "Delivery.md", cited: true, today: "same" }] });

  // T05, T07: the receipt belongs to this organization and this conversation.
  const receiptPath = new URL(page.url()).pathname;
  const stranger = await makeAccount(platform(), "Other");
  const elsewhere = await signIn(browser, stranger);
  const status = (path: string) => elsewhere.request.get(`${portal()}${path}`).then((response) => response.status());
  for (const path of [receiptPath, `${receiptPath}/download`]) {
    expect([path, await status(path)]).toEqual([path, 404]);
    const underTheirs = path.replace(account.orgSlug, stranger.orgSlug);
    expect([underTheirs, await status(underTheirs)]).toEqual([underTheirs, 404]);
  }
  expect(
    await page.request
      .get(`${portal()}${receiptPath.replace(/conversations\/[^/]+/, `conversations/${agent.id}`)}`)
      .then((r) => r.status()),
  ).toBe(404);

  // The passage gets other words, then the document is deleted.
  const fate = (words: string) => page.getByText(`${en.receipt.today}: ${words}`);
  await service().from("chunks").update({ content_hash: "other words" }).eq("org_id", account.orgId);
  await page.reload();
  await expect(fate(en.receipt.changed)).toBeVisible();
  await account.db.from("sources").delete().eq("org_id", account.orgId).eq("agent_id", agent.id);
  await page.reload();
  await expect(fate(en.receipt.gone)).toBeVisible();
  await host.stop();
});

test("T02, T07: members below admin read usage and limits and change nothing; another organization's limit is not there", async ({
  browser,
}) => {
  const [account, stranger] = [await makeAccount(platform()), await makeAccount(platform(), "Other")];
  const agent = await makeAgent(account, "Tarn");
  const { data: budget } = await service()
    .from("budgets")
    .insert({ org_id: account.orgId, metric: "requests_per_minute", limit_value: 60 })
    .select("id")
    .single();
  const { data: theirs } = await service().from("memberships").select("user_id").eq("org_id", stranger.orgId).single();
  const usage = `${portal()}/orgs/${account.orgSlug}/settings/usage`;
  const page = await signIn(browser, stranger);
  const post = (url: string, form: Record<string, string>) =>
    page.request.post(url, { form, headers: { origin: portal() } }).then((response) => response.status());

  // The stranger's own organization does not reach it.
  const own = usage.replace(account.orgSlug, stranger.orgSlug);
  const attempts: Record<string, string>[] = [
    { intent: "remove", budgetId: budget!.id },
    { intent: "change", budgetId: budget!.id, limit: "1" },
    { intent: "add", who: `agent:${agent.id}`, metric: "concurrent_runs", limit: "1" },
  ];
  for (const intent of attempts) {
    expect([intent.intent, await post(own, intent)]).toEqual([intent.intent, 400]);
    expect([intent.intent, await post(usage, intent)]).toEqual([intent.intent, 404]);
  }
  await service().from("memberships").insert({ org_id: account.orgId, user_id: theirs!.user_id, role: "operator" });
  expect(await post(usage, { intent: "remove", budgetId: budget!.id })).toBe(403);
  await page.goto(usage);
  await expect(page.getByText("0 of 60")).toBeVisible();
  await expect(page.getByText(words.viewerHint)).toBeVisible();
  await expect(page.getByRole("button", { name: new RegExp(words.add) })).toHaveCount(0);
  const { data: left } = await service().from("budgets").select("limit_value, metric").eq("org_id", account.orgId);
  expect(left).toEqual([{ metric: "requests_per_minute", limit_value: 60 }]);
});
