// What Prometheus reads from a running platform, and the status page of those who run it.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { serviceDb } from "../core/db.ts";
import { en } from "../portal/app/i18n/en.ts";
import { type Account, keysOf, makeAccount } from "./account.ts";
import type { Running } from "./platform.ts";

const portal = () => process.env.PLATFORM_URL!;
const dataFolder = () => process.env.PLATFORM_DATA!;
const running = () => JSON.parse(readFileSync(join(dataFolder(), "running.json"), "utf8")) as Running;

async function read(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return response.text();
}
/** Series of the routes that are asked here: other specs ask the same portal for others meanwhile. */
const ASKED = ["/orgs/:orgSlug", "/api/v1/agents/:agentId/config", "*", "/assets/*"];
const seriesOf = (text: string) =>
  text.split("\n").filter((line) => ASKED.some((route) => line.includes(`{method="GET",route="${route}",`)));
const names = (lines: string[]) => lines.map((line) => line.replace(/ \S+$/, "")).sort();

test("portal and worker tell Prometheus how they are, and hostile requests make no new series", async () => {
  const { url, workerUrl } = running();
  // What is counted holds for 30 seconds, and a busy machine may have missed it the first time.
  await expect
    .poll(async () => (await read(`${workerUrl}/metrics`)).split("\n"), { timeout: 45_000 })
    .toEqual(expect.arrayContaining(["gap_workers_alive 1", "gap_database_up 1", "gap_queue_store_up 1"]));
  const worker = await read(`${workerUrl}/metrics`);
  expect(worker).toMatch(/^gap_jobs_total\{job_name="source.read",outcome="done"\} \d+$/m);
  expect(worker).toMatch(/^gap_knowledge_passages [1-9]/m);

  const strange = () =>
    Promise.all(
      [`/orgs/${randomUUID()}`, `/api/v1/agents/${randomUUID()}/config`, `/${randomUUID()}/x`, `/assets/${randomUUID()}.js`].map((path) =>
        fetch(url + path, { redirect: "manual" }).then((response) => response.arrayBuffer()),
      ),
    );
  await strange();
  const before = await read(`${url}/metrics`);
  expect(before).toMatch(/^gap_http_requests_total\{method="GET",route="\/orgs\/:orgSlug",code="302"\} \d+$/m);
  expect(before).toContain('route="/assets/*",code="404"');
  for (let n = 0; n < 10; n++) await strange();
  const after = await read(`${url}/metrics`);
  expect(names(seriesOf(before)).length).toBeGreaterThanOrEqual(ASKED.length);
  const fresh = names(seriesOf(after)).filter((name) => !names(seriesOf(before)).includes(name));
  // 40 addresses were asked for. Another spec may have got one more status from one of these routes.
  expect(fresh.length).toBeLessThan(3);
  expect(after).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
});

test("H11: a proxy's requests find no metrics", async () => {
  const { url, workerUrl } = running();
  for (const address of [`${url}/metrics`, `${workerUrl}/metrics`]) {
    const response = await fetch(address, { headers: { "x-forwarded-for": "203.0.113.9" } });
    expect([address, response.status]).toEqual([address, 404]);
  }
});

async function signIn(page: Page, account: Account) {
  await page.goto(`${portal()}/login`);
  await page.getByLabel(en.auth.email).fill(account.email);
  await page.getByLabel(en.auth.password, { exact: true }).fill(account.password);
  await page.getByRole("button", { name: en.auth.signIn }).click();
  await page.waitForURL(/\/orgs\//);
}

test("an operator of the platform sees how it stands; nobody else does", async ({ page }) => {
  const { backendUrl } = running();
  const account = await makeAccount({ backendUrl, dataFolder: dataFolder() });
  await signIn(page, account);
  expect((await page.goto(`${portal()}/platform/status`))?.status()).toBe(404);

  const { SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY } = keysOf(dataFolder());
  const service = serviceDb({ url: backendUrl, publishableKey: SUPABASE_PUBLISHABLE_KEY, secretKey: SUPABASE_SECRET_KEY });
  expect((await service.rpc("add_platform_admin", { address: account.email })).data).toBe(true);
  await page.goto(`${portal()}/platform/status`);
  const words = en.platformStatus;
  await expect(page.getByRole("heading", { level: 1, name: words.title })).toBeVisible();
  const parts = page.getByRole("list", { name: words.parts }).getByRole("listitem");
  for (const [name, state] of [
    [words.database, words.ok],
    [words.storage, words.ok],
    [words.workers, words.ok],
    [words.queueStore, words.ok],
    [words.redis, words.unused],
    [words.models, words.unused],
  ]) {
    await expect(parts.filter({ has: page.getByRole("heading", { name: name!, exact: true }) })).toContainText(state!);
  }
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id)).toEqual([]);

  const tabs = page.getByRole("navigation", { name: words.pages });
  await tabs.getByRole("link", { name: en.platform.title, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: en.platform.title })).toBeVisible();
  await expect(tabs.getByRole("link", { name: en.platform.title, exact: true })).toHaveAttribute("aria-current", "page");
});
