// Errors of the portal's pages and of the widget at a fake of Sentry, in a browser under the portal's own policy.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import { type FakeSentry, type Sent, startFakeSentry } from "./fakes/sentry.ts";
import { type Platform, startPlatform } from "./platform.ts";

test.describe.configure({ mode: "serial", timeout: 240_000 });
const PORTAL = 1;
const PAGES = 2;

let sentry: FakeSentry;
let platform: Platform;
test.beforeAll(async () => {
  test.setTimeout(180_000);
  sentry = await startFakeSentry();
  platform = await startPlatform({
    env: {
      SENTRY_DSN: sentry.dsn(PORTAL),
      SENTRY_BROWSER_DSN: sentry.dsn(PAGES),
      SENTRY_RELEASE: "gap@1.2.3",
      SENTRY_TRACES_SAMPLE_RATE: "1",
      SENTRY_REPLAY_SAMPLE_RATE: "1",
    },
  });
});
test.afterAll(async () => {
  await platform?.stop();
  await sentry?.close();
});
test.beforeEach(() => {
  sentry.envelopes.length = 0;
});

/** The scripts that a page loads. */
function watch(page: Page) {
  const scripts: string[] = [];
  page.on("request", (request) => void (request.resourceType() === "script" && scripts.push(new URL(request.url()).pathname)));
  return { scripts };
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

test("an error in a page arrives once, in the trace of the page's own answer", async ({ page }) => {
  const { scripts } = watch(page);
  const canary = `canary${randomBytes(6).toString("hex")}`;
  await page.goto(`${platform.url}/login?redirectTo=/${canary}`);
  await expect.poll(() => scripts.some((path) => /replay/.test(path)), { timeout: 15_000 }).toBe(true);
  await page.getByRole("textbox").first().fill(`${canary}@shop.example`);
  await page.waitForTimeout(1_000);
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
});
