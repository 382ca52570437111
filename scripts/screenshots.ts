// Takes the pictures of docs/screenshots from a running platform:
//   npm run screenshots -- --url http://localhost:3000 --link "<the owner's sign-in link that npm start printed>"
// The link works once. The demo's agent is asked a question on the way, so its conversations are not empty.
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Browser, type BrowserContext, chromium, type Page } from "@playwright/test";
import { findChromium } from "../e2e/chromium.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://localhost:3000" },
    link: { type: "string" },
    out: { type: "string", default: fileURLToPath(new URL("../docs/screenshots", import.meta.url)) },
  },
});
if (!values.link) throw new Error("Give the owner's sign-in link: npm run screenshots -- --url http://localhost:3000 --link <link>");
const { url, link, out } = values;

const MAX_BYTES = 200_000;
const SIZES = { desktop: { width: 1200, height: 760 }, phone: { width: 390, height: 844 } };
const QUESTIONS = {
  en: ["How much is delivery to the European Union?", "Can I return an engraved bottle?"],
  ru: ["Сколько стоит доставка по России?", "Можно ли мыть бутылку в посудомоечной машине?"],
};

type Look = { locale: "en" | "ru"; scheme: "light" | "dark"; size: keyof typeof SIZES };
type Session = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** A page in a browser of its own with this look; signed in when a session is given. */
async function openPage(browser: Browser, { locale, scheme, size }: Look, session?: Session): Promise<Page> {
  const context = await browser.newContext({
    viewport: SIZES[size],
    deviceScaleFactor: size === "phone" ? 1.5 : 1,
    hasTouch: size === "phone",
    isMobile: size === "phone",
    locale: locale === "ru" ? "ru-RU" : "en-GB",
    colorScheme: scheme,
    reducedMotion: "reduce",
    ...(session ? { storageState: session } : {}),
  });
  return context.newPage();
}

/** Takes the picture once fonts and pictures are there. Throws when the file is too heavy for a repository. */
async function take(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForLoadState("networkidle");
  const path = join(out, `${name}.png`);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  const { size } = await stat(path);
  console.log(`${name}.png  ${Math.round(size / 1024)} KB`);
  if (size > MAX_BYTES) throw new Error(`${name}.png is larger than ${MAX_BYTES / 1000} KB`);
}

/** Signs the owner in with the one-time link and returns the session for other browsers. */
async function signIn(browser: Browser): Promise<Session> {
  const page = await openPage(browser, { locale: "en", scheme: "light", size: "desktop" });
  await page.goto(link!);
  await page.waitForURL(/\/orgs/);
  const session = await page.context().storageState();
  await page.context().close();
  return session;
}

/** Asks the demo's agent on its shop's page and waits for the cited answer. */
async function askOnDemo(browser: Browser, look: Look, name: string): Promise<void> {
  const page = await openPage(browser, look);
  await page.goto(`${url}/demo?lang=${look.locale}`);
  await page.locator("gpt-agent").waitFor({ state: "attached" });
  await page.evaluate(() => customElements.whenDefined("gpt-agent"));
  for (const question of QUESTIONS[look.locale]) {
    const ended = page.evaluate(
      () => new Promise<void>((done) => document.addEventListener("gpt-agent:response-end", () => done(), { once: true })),
    );
    await page.evaluate((text) => {
      const agent = document.querySelector("gpt-agent") as HTMLElement & {
        open(): Promise<void>;
        sendMessage(message: { text: string }): void;
      };
      return agent.open().then(() => agent.sendMessage({ text }));
    }, question);
    await ended;
  }
  await take(page, name);
  if (look.size === "desktop") {
    await page
      .getByRole("button", { name: /^\D+ 1: / })
      .first()
      .click();
    await page.locator("gpt-agent mark").first().waitFor();
    await take(page, `${name}-citation`);
  }
  await page.context().close();
}

/** The API keys, with one in the list. */
async function takeKeys(browser: Browser, look: Look, name: string, session: Session): Promise<void> {
  const page = await openPage(browser, look, session);
  await page.goto(`${url}/orgs/demo/settings/keys`);
  await page.getByRole("button", { name: "New key" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.locator('input[name="name"]').fill("Website backend");
  await dialog.locator('button[type="submit"]').click();
  await dialog.locator("code").waitFor();
  // The picture shows the list: a key is nobody else's business, not even this one.
  await page.reload();
  await take(page, name);
  await page.context().close();
}

async function takePage(browser: Browser, path: string, look: Look, name: string, session?: Session): Promise<void> {
  const page = await openPage(browser, look, session);
  await page.goto(`${url}${path}`);
  await take(page, name);
  await page.context().close();
}

/** The first link on a page that ends like this. */
async function findLink(browser: Browser, session: Session, path: string, pattern: RegExp): Promise<string> {
  const page = await openPage(browser, { locale: "en", scheme: "light", size: "desktop" }, session);
  await page.goto(`${url}${path}`);
  const links = await page
    .locator("a[href]")
    .evaluateAll((anchors) => anchors.map((anchor) => new URL((anchor as HTMLAnchorElement).href).pathname));
  await page.context().close();
  const found = links.find((candidate) => pattern.test(candidate));
  if (!found) throw new Error(`No link like ${pattern} on ${path}`);
  return found;
}

const browser = await chromium.launch({ executablePath: findChromium(), args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
try {
  await mkdir(out, { recursive: true });
  const desktop = { locale: "en", scheme: "light", size: "desktop" } as const;
  const night = { locale: "ru", scheme: "dark", size: "desktop" } as const;

  await takePage(browser, "/", desktop, "landing");
  await takePage(browser, "/", { locale: "ru", scheme: "dark", size: "phone" }, "landing-phone-ru");
  await askOnDemo(browser, desktop, "demo");
  await askOnDemo(browser, { locale: "ru", scheme: "light", size: "phone" }, "demo-phone-ru");

  const session = await signIn(browser);
  const agents = "/orgs/demo/agents";
  const agent = await findLink(browser, session, agents, /^\/orgs\/demo\/agents\/[0-9a-f-]{36}(\/|$)/).then((path) =>
    path.split("/").slice(0, 5).join("/"),
  );
  await takePage(browser, agents, desktop, "agents", session);
  await takePage(browser, `${agent}/knowledge`, desktop, "knowledge", session);
  await takePage(browser, `${agent}/knowledge`, night, "knowledge-dark-ru", session);
  await takePage(browser, `${agent}/settings`, desktop, "settings", session);
  await takePage(browser, `${agent}/settings`, { locale: "ru", scheme: "light", size: "phone" }, "settings-phone-ru", session);
  const conversation = await findLink(browser, session, "/orgs/demo/conversations", /\/conversations\/[0-9a-f-]{36}$/);
  await takePage(browser, conversation, desktop, "conversation", session);
  await takePage(browser, conversation, night, "conversation-dark-ru", session);
  await takeKeys(browser, desktop, "api-keys", session);
} finally {
  await browser.close();
}
