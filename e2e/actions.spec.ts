// Actions from the first key stroke to the answer: an editor makes, tries and saves them in the portal, the model calls them, the
// customer's service sees the secret, and no page ever does.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { en } from "../portal/app/i18n/en.ts";
import { type Account, makeAccount, makeAgent } from "./account.ts";
import { type ChatRequest, type FakeLlm, startFakeLlm } from "./fakes/llm.ts";
import { type Platform, startPlatform } from "./platform.ts";
import { Visitor } from "./visitor.ts";

test.describe.configure({ mode: "serial", timeout: 120_000 });

const SECRET = "Bearer canary-7d1e5a90c3";
const CANARY = "canary-7d1e5a90c3";
const words = en.actions;

let platform: Platform;
let llm: FakeLlm;
let service: Server;
let origin: string;
let account: Account;
let agent: { id: string; public_id: string };
let page: Page;
const calls: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
/** Every text that the portal sent to the editor's browser. */
const received: Promise<string>[] = [];

test.beforeAll(async ({ browser }) => {
  test.setTimeout(180_000);
  llm = await startFakeLlm();
  service = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    calls.push({ method: request.method!, url: request.url!, headers: request.headers, body });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ order: { status: "on its way", note: "for staff" }, id: "call-7", you: request.headers.authorization }));
  });
  await new Promise<void>((done) => service.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  platform = await startPlatform({ demo: false, env: { LLM_BASE_URL: llm.url, LLM_API_KEY: "key", EGRESS_ALLOW: origin } });
  account = await makeAccount(platform, "Tarn");
  agent = await makeAgent(account, "Helper");
  page = await (await browser.newContext()).newPage();
  page.on("response", (response) => {
    if (response.url().startsWith(platform.url)) received.push(response.text().catch(() => ""));
  });
  await page.goto(`${platform.url}/login`);
  await page.getByLabel(en.auth.email).fill(account.email);
  await page.getByLabel(en.auth.password, { exact: true }).fill(account.password);
  await page.getByRole("button", { name: en.auth.signIn }).click();
  await page.waitForURL(/\/orgs\//);
});
test.afterAll(async () => {
  await page?.context().close();
  await platform?.stop();
  await llm?.close();
  service?.closeAllConnections();
  service?.close();
});

const actionsPage = () => `${platform.url}/orgs/${account.orgSlug}/agents/${agent.id}/settings/actions`;

/** A model that calls a tool once, and then answers with what the tool gave. */
function scriptTool(name: string, input: object) {
  const result = ({ messages }: ChatRequest) => messages.findLast(({ role }) => role === "tool")?.content;
  llm.script({
    kind: "answer",
    toolCalls: (request) => (request.tools && !result(request) ? [{ name, input }] : []),
    text: (request) => (result(request) ? `The service says: ${result(request)}` : ""),
  });
}

async function expectAccessible() {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

test("an editor makes an action with a secret, tries it, picks what is kept, and saves", async () => {
  await page.goto(actionsPage());
  await expect(page.getByText(words.emptyTitle)).toBeVisible();
  await page.getByRole("link", { name: words.new }).click();
  const name = page.getByLabel(words.name, { exact: true }).first();
  await page.getByLabel(words.titleField).first().fill("Order status");
  await expect(name).toHaveValue("order_status");
  await page.getByLabel(words.description, { exact: true }).fill("Looks up an order by its number.");
  await page.getByLabel(words.url).fill(`${origin}/orders/{order}`);
  await page.getByRole("button", { name: words.unknownPlaceholder("order") }).click();
  await page.getByRole("button", { name: words.addHeader }).click();
  await page.getByPlaceholder("Authorization").fill("Authorization");
  await expect(page.getByRole("checkbox", { name: words.headerSecret })).toBeChecked();
  await page.getByPlaceholder("Bearer …").fill(SECRET);

  const trial = page.getByRole("complementary", { name: words.try });
  await trial.getByRole("button", { name: words.tryRun }).click();
  await expect(trial.getByText(en.errors.required)).toBeVisible();
  await trial.getByLabel("order").fill("A 7");
  await trial.getByRole("button", { name: words.tryRun }).click();
  await expect(trial.getByText(words.tryOk)).toBeVisible();
  await trial.getByRole("checkbox", { name: "/order/status" }).check();
  await expect(trial.locator("pre").first()).toHaveText(/^\{\s*"\/order\/status": "on its way"\s*\}$/);
  expect(calls).toMatchObject([{ method: "GET", url: "/orders/A%207", headers: { authorization: SECRET } }]);
  await expectAccessible();

  await page.getByRole("button", { name: en.common.save, exact: true }).click();
  await expect(page).toHaveURL(/\/actions\/order_status$/);
  await expect(page.getByText(en.common.saved, { exact: true })).toBeVisible();
  await expect(page.getByText(words.secretStored(SECRET.slice(-4)))).toBeVisible();
  expect(await page.content()).not.toContain(CANARY);
  await page.reload();
  await expect(page.getByLabel(`${words.pointer} 1`)).toHaveValue("/order/status");
  await expect(page.getByText(words.secretStored(SECRET.slice(-4)))).toBeVisible();
});

test("what is wrong is said at its field, and nothing typed is lost", async () => {
  await page.getByLabel(words.url).fill("https://{order}.example.com/");
  await page.getByLabel(words.description, { exact: true }).fill("Half done");
  await page.getByRole("button", { name: en.common.save, exact: true }).click();
  await expect(page.getByText(en.errors.urlHost)).toBeVisible();
  await expect(page.getByLabel(words.url)).toBeFocused();
  await expect(page.getByLabel(words.description, { exact: true })).toHaveValue("Half done");
  await page.getByLabel(words.url).fill("https://elsewhere.example/{order}");
  await expect(page.getByText(words.secretOtherHost(new URL(origin).host))).toBeVisible();
  await page.getByRole("button", { name: en.common.save, exact: true }).click();
  await expect(page.getByText(en.errors.secretElsewhere)).toBeVisible();
});

test("asked in the playground, the model calls it and answers from the result", async () => {
  calls.length = 0;
  scriptTool("order_status", { order: "B-9" });
  await page.goto(`${platform.url}/orgs/${account.orgSlug}/agents/${agent.id}/playground`);
  const composer = page.getByRole("textbox").last();
  await composer.fill("Where is my order B-9?");
  await composer.press("Enter");
  // The first of two: the second is read aloud.
  await expect(page.getByText("The service says:").first()).toContainText("on its way");
  expect(calls).toMatchObject([{ url: "/orders/B-9", headers: { authorization: SECRET } }]);
  const told = JSON.stringify(llm.requests.map(({ body }) => body));
  expect(told).toContain("on its way");
  expect(told).not.toContain("for staff");
  expect(told).not.toContain(CANARY);
});

test("a writing action, pasted as curl, asks in its trial and asks the visitor", async () => {
  calls.length = 0;
  // The answer is written down a moment after its last word.
  await expect(async () => {
    await page.goto(actionsPage());
    await expect(page.getByText(words.used(1))).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await page.getByRole("link", { name: words.new }).click();
  await page.getByRole("button", { name: words.importCurl }).click();
  await page
    .getByRole("textbox", { name: words.importLabel })
    .fill(`curl -X POST ${origin}/calls -H 'X-Api-Key: ${CANARY}' -d '{"name": "Ann", "day": "Monday"}'`);
  await page.getByRole("button", { name: words.importRun }).click();
  await expect(page.getByRole("checkbox", { name: words.confirm })).toBeChecked();
  await expect(page.getByRole("checkbox", { name: words.confirm })).toBeDisabled();
  await page.getByLabel(words.name, { exact: true }).first().fill("book_call");
  await page.getByLabel(words.description, { exact: true }).fill("Books a call back.");
  const trial = page.getByRole("complementary", { name: words.try });
  await trial.getByLabel("name").fill("Ann");
  await trial.getByLabel("day").fill("Friday");
  await trial.getByRole("button", { name: words.tryRun }).click();
  await expect(page.getByRole("dialog").getByText(words.tryWriteText("POST", new URL(origin).host))).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: en.common.cancel }).click();
  await page.getByRole("button", { name: en.common.save, exact: true }).click();
  await expect(page).toHaveURL(/\/actions\/book_call$/);
  expect(calls).toEqual([]);

  scriptTool("book_call", { name: "Ann", day: "Friday" });
  const visitor = new Visitor(platform.url, agent.public_id);
  const conversation = crypto.randomUUID();
  let text = "";
  const asked: [string, number][] = [];
  for await (const { event } of visitor.ask("Call me back on Friday", conversation)) {
    if (event.type === "tool-input-available" && event.approval === "needed") {
      asked.push([event.toolName, calls.length]);
      await visitor.replyToTool(conversation, event.toolCallId, { approved: true });
    }
    if (event.type === "text-delta") text += event.delta;
  }
  expect(asked).toEqual([["book_call", 0]]);
  expect(text).toContain("call-7");
  expect(calls).toMatchObject([{ method: "POST", url: "/calls", headers: { "x-api-key": CANARY }, body: '{"name":"Ann","day":"Friday"}' }]);
});

test("H18: the secret was in nothing that the portal sent to the browser", async () => {
  const texts = await Promise.all(received);
  expect(texts.some((text) => text.includes("order_status"))).toBe(true);
  expect(texts.filter((text) => text.includes(CANARY))).toEqual([]);
});
