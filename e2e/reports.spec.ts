// Errors of the portal's pages and of the widget at a fake of Sentry, in a browser under the portal's own policy.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import { en } from "../portal/app/i18n/en.ts";
import { reportEn as words } from "../portal/app/i18n/report.en.ts";
import { type Account, makeAccount, makeAgent } from "./account.ts";
import { type FakeSentry, type Sent, startFakeSentry } from "./fakes/sentry.ts";
import { type Platform, startPlatform } from "./platform.ts";

test.describe.configure({ timeout: 240_000 });
const PORTAL = 1;
const PAGES = 2;
const WIDGET = 3;

let sentry: FakeSentry;
let platform: Platform;
let account: Account;
test.beforeAll(async () => {
  test.setTimeout(180_000);
  sentry = await startFakeSentry();
  platform = await startPlatform({
    demo: false,
    env: {
      SENTRY_DSN: sentry.dsn(PORTAL),
      SENTRY_BROWSER_DSN: sentry.dsn(PAGES),
      SENTRY_RELEASE: "gap@1.2.3",
      SENTRY_TRACES_SAMPLE_RATE: "1",
      SENTRY_REPLAY_SAMPLE_RATE: "1",
    },
  });
  account = await makeAccount(platform, "Nimbus");
});
test.afterAll(async () => {
  await platform?.stop();
  await sentry?.close();
});
test.beforeEach(() => {
  sentry.envelopes.length = 0;
});

/** The scripts that a page loads, and what its policy refuses. */
function watch(page: Page) {
  const scripts: string[] = [];
  const refused: string[] = [];
  page.on("request", (request) => void (request.resourceType() === "script" && scripts.push(new URL(request.url()).pathname)));
  page.on("console", (message) => void (/Content Security Policy/i.test(message.text()) && refused.push(message.text())));
  return { scripts, refused };
}

const arrived = async (type: string, project: number): Promise<Sent[]> => {
  await expect.poll(() => sentry.payloads(type, project).length, { timeout: 20_000 }).toBeGreaterThan(0);
  // Whatever comes twice comes soon.
  await new Promise((later) => setTimeout(later, 1_000));
  return sentry.payloads(type, project);
};

test("without a DSN the browser loads no file of the SDK, and the server's build asks for none", async ({ page }) => {
  const { scripts } = watch(page);
  await page.goto(`${process.env.PLATFORM_URL}/login`);
  await page.waitForLoadState("networkidle");
  expect(scripts.length).toBeGreaterThan(0);
  expect(scripts.filter((path) => /reports\.client|replay/.test(path))).toEqual([]);
  await expect(page.locator("html")).not.toHaveAttribute("data-reports");
  const build = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
  for (const file of ["portal/build/server/index.js", "worker/dist/main.js"])
    expect(readFileSync(build(file), "utf8")).not.toMatch(/^\s*import[^(\n]*["']@sentry\//m);
  const assets = readdirSync(build("portal/build/client/assets"));
  const withSdk = assets.filter(
    (file) =>
      file.endsWith(".js") &&
      /sentry_key|_sentryReplay|SentryReplay/.test(readFileSync(build(`portal/build/client/assets/${file}`), "utf8")),
  );
  expect(withSdk.length).toBeGreaterThan(0);
  // None of what the page has loaded is among the files that hold it.
  expect(withSdk.filter((file) => scripts.some((path) => path.endsWith(file)))).toEqual([]);
});

test("an error in a page arrives once, in the trace of the page's own answer, with an outline of what was seen", async ({ page }) => {
  const { scripts, refused } = watch(page);
  const canary = `canary${randomBytes(6).toString("hex")}`;
  await page.goto(`${platform.url}/login?redirectTo=/${canary}`);
  await expect.poll(() => scripts.some((path) => /replay/.test(path)), { timeout: 15_000 }).toBe(true);
  // Written in the step in which the recorder begins.
  await page.waitForFunction(() => sessionStorage.getItem("sentryReplaySession") !== null);
  const typed = `${canary}@shop.example`;
  await page.getByRole("textbox").first().fill(typed);
  await page.evaluate((secret) => {
    setTimeout(() => {
      throw new Error(`broke for ${secret}@shop.example at https://a.example/?token=${secret}`);
    });
  }, canary);
  const events = await arrived("event", PAGES);
  expect(events).toHaveLength(1);
  const [answer] = sentry.payloads("transaction", PORTAL).filter(({ transaction }) => transaction === "GET /login");
  expect(events[0]).toMatchObject({
    release: "gap@1.2.3",
    tags: { process: "browser" },
    contexts: { trace: { trace_id: answer!.contexts.trace.trace_id } },
  });
  expect(events[0]!.exception.values[0]!.value).toBe("broke for [email] at https://a.example/?[redacted]");
  await expect
    .poll(() => sentry.envelopes.filter(({ items }) => items.some(({ type }) => type === "replay_recording")).length, { timeout: 20_000 })
    .toBeGreaterThan(0);
  const sent = sentry.envelopes
    .filter(({ project }) => project === String(PAGES))
    .map(({ text }) => text)
    .join("\n");
  // What was typed is in the recording, as long as it was and without a letter of it.
  expect(sent).toContain(`"${"*".repeat(typed.length)}"`);
  expect(sent).not.toContain(canary);
  expect(refused).toEqual([]);
});

test("an error of the server is shown with its number, arrives under it once, and what a person writes is tied to it", async ({ page }) => {
  const { refused } = watch(page);
  // Settings that nobody could have saved in the portal.
  await makeAgent(account, "Broken", [], { instructions: 5 });
  await page.goto(`${platform.url}/orgs/${account.orgSlug}/settings`);
  await page.getByLabel(en.auth.email).fill(account.email);
  await page.getByLabel(en.auth.password, { exact: true }).fill(account.password);
  await page.getByRole("button", { name: en.auth.signIn }).click();
  await page.waitForURL(/\/settings/);
  sentry.envelopes.length = 0;
  const answer = await page.goto(`${platform.url}/orgs/${account.orgSlug}/agents`);
  expect(answer?.status()).toBe(500);
  const number = answer!.headers()["x-request-id"]!;
  await expect(page.getByText(words.number(number))).toBeVisible();
  const events = await arrived("event", PORTAL);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ event_id: number.replaceAll("-", ""), tags: { requestId: number } });
  expect(events[0]!.tags.orgId).toMatch(/^[0-9a-f-]{36}$/);
  expect(sentry.payloads("event", PAGES)).toEqual([]);

  await page.getByRole("button", { name: words.open }).click();
  await page.getByLabel(words.label).fill("I opened the list of agents. Write to ann@shop.example");
  await page.getByRole("button", { name: words.send }).click();
  await expect(page.getByText(words.sent)).toBeVisible({ timeout: 10_000 });
  const [feedback] = await arrived("feedback", PAGES);
  expect(feedback!.contexts.feedback).toMatchObject({
    message: "I opened the list of agents. Write to [email]",
    associated_event_id: number.replaceAll("-", ""),
  });
  expect(JSON.stringify(sentry.envelopes)).not.toContain(account.orgSlug);
  expect(refused).toEqual([]);
});

test("the widget tells of its own errors where the page asks for it, and never of the page's", async ({ page }) => {
  let body = "";
  const shop = createServer((_request, response) => response.writeHead(200, { "content-type": "text/html" }).end(body));
  await new Promise<void>((listening) => shop.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
  const agent = await makeAgent(account, "Helper", [origin]);
  const pageWith = (attributes: string) => {
    body = `<!doctype html><title>Shop</title><script src="${platform.url}/widget.js" defer></script>
      <gpt-agent agent-id="${agent.public_id}" open-on-load ${attributes}></gpt-agent>`;
  };
  pageWith(`error-reports="${sentry.dsn(WIDGET)}"`);
  const { scripts } = watch(page);
  await page.goto(`${origin}/secret-page?customer=ann`);
  const reports = () => scripts.find((path) => /\/widget\/reports\./.test(path));
  await expect.poll(reports).toBeTruthy();
  // A page has a module once: when this import is through, what the widget's own leads to, its listeners, is there.
  await page.evaluate(`import(${JSON.stringify(platform.url + reports())}).then(() => {})`);
  await page.evaluate(() => {
    setTimeout(() => {
      throw new Error("the page's own");
    });
    void Promise.reject(new Error("the page's own promise"));
    const element = document.querySelector("gpt-agent") as unknown as { sendMessage(message: null): Promise<void> };
    void element.sendMessage(null);
  });
  const events = await arrived("event", WIDGET);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    tags: { process: "widget", agentId: agent.public_id },
    exception: { values: [{ type: "TypeError" }] },
  });
  expect(events[0]!.release).toMatch(/^gpt-agent-platform@\d/);
  expect(events[0]!.contexts.trace.trace_id).toMatch(/^[0-9a-f]{32}$/);
  expect(sentry.envelopes.map(({ text }) => text).join("\n")).not.toMatch(/the page's own|secret-page|customer=ann/);
  expect(sentry.envelopes.map(({ text }) => text).join("\n")).not.toContain(origin);

  // Without the attribute none of it is loaded.
  pageWith("");
  const plain = await page.context().newPage();
  const other = watch(plain);
  await plain.goto(origin);
  await expect.poll(() => other.scripts.some((path) => /\/widget\/chat\./.test(path))).toBe(true);
  await plain.waitForLoadState("networkidle");
  expect(other.scripts.filter((path) => /reports\./.test(path))).toEqual([]);
  shop.closeAllConnections();
  shop.close();
});
