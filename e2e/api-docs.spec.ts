// The API's reference, read and tried out as a developer does.
import { readFileSync } from "node:fs";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { createApiKey } from "../portal/app/http/api-key.ts";
import { en } from "../portal/app/i18n/en.ts";
import { ru } from "../portal/app/i18n/ru.ts";
import { makeAccount, makeAgent } from "./account.ts";

// Swagger UI is a large program: on a busy machine it takes its time.
test.slow();

const portal = () => process.env.PLATFORM_URL!;

/** The reference, with whatever the browser complained about or asked of other origins. */
async function openDocs(browser: Browser, options: Parameters<Browser["newContext"]>[0] = {}): Promise<{ page: Page; faults: string[] }> {
  const page = await (await browser.newContext(options)).newPage();
  const faults: string[] = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(portal()).origin && protocol !== "data:" && protocol !== "blob:") faults.push(`asked ${request.url()}`);
  });
  await page.exposeFunction("tellViolation", (words: string) => faults.push(words));
  await page.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (event) =>
      (window as unknown as { tellViolation(words: string): void }).tellViolation(`${event.violatedDirective} ${event.blockedURI}`),
    ),
  );
  await page.goto(`${portal()}/api-docs`);
  await expect(page.locator(".opblock").first()).toBeVisible({ timeout: 30_000 });
  return { page, faults };
}

/** An API key of a new organization with one agent. */
async function newKey(): Promise<{ key: string; agentId: string }> {
  const { backendUrl } = JSON.parse(readFileSync(`${process.env.PLATFORM_DATA}/running.json`, "utf8")) as { backendUrl: string };
  const account = await makeAccount({ backendUrl, dataFolder: process.env.PLATFORM_DATA! });
  const agent = await makeAgent(account, "Helper");
  const { data } = await account.db.from("memberships").select("user_id").eq("org_id", account.orgId).single();
  const { key, hash, lastFour } = createApiKey();
  const scopes = ["chat", "read"];
  await account.db
    .from("api_keys")
    .insert({ org_id: account.orgId, name: "Docs", key_hash: hash, last_four: lastFour, scopes, created_by: data!.user_id });
  return { key, agentId: agent.public_id };
}

/** An operation of the reference, opened. */
async function openOperation(page: Page, id: string) {
  const operation = page.locator(`[id$="-${id}"].opblock`);
  await operation.locator(".opblock-summary-control").click();
  await expect(operation.getByRole("button", { name: "Try it out" })).toBeVisible();
  return operation;
}

test("calls are tried out with an API key, streamed answers are seen; nothing is asked of anybody else", async ({ browser }) => {
  const { key, agentId } = await newKey();
  const { page, faults } = await openDocs(browser);
  await page.getByRole("button", { name: "Authorize" }).first().click();
  const dialog = page.locator(".dialog-ux");
  await dialog.locator("input").first().fill(key);
  await dialog.getByRole("button", { name: "Apply credentials" }).first().click();
  await dialog.getByRole("button", { name: "Close", exact: true }).first().click();

  const list = await openOperation(page, "listAgents");
  await list.getByRole("button", { name: "Try it out" }).click();
  await list.getByRole("button", { name: "Execute" }).click();
  await expect(list.locator(".live-responses-table")).toContainText(agentId);

  const ask = await openOperation(page, "createChatCompletion");
  await ask.getByRole("button", { name: "Try it out" }).click();
  const body = { model: `agent:${agentId}`, stream: true, messages: [{ role: "user", content: "Do you deliver?" }] };
  await ask.locator("textarea").fill(JSON.stringify(body));
  await ask.getByRole("button", { name: "Execute" }).click();
  await expect(ask.locator(".gap-live")).toContainText("chat.completion.chunk");
  await expect(ask.locator(".gap-live")).toContainText("[DONE]");
  await expect(ask.locator(".gap-live")).toContainText(en.apiDocs.inside.liveEnded);
  expect(faults).toEqual([]);

  // The key is nowhere once the page is loaded anew.
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))).not.toContain(key);
});

test("samples in three languages, one choice for all; our words in Russian, dark", async ({ browser }) => {
  const { page, faults } = await openDocs(browser, { locale: "ru-RU", colorScheme: "dark" });
  await expect(page).toHaveTitle(new RegExp(ru.apiDocs.title));
  const search = await openOperation(page, "searchKnowledge");
  await expect(search.locator(".gap-samples pre")).toContainText("curl");
  await search.getByRole("button", { name: "Python" }).click();
  await expect(search.locator(".gap-samples pre")).toContainText("import requests");
  const usage = await openOperation(page, "listUsage");
  await expect(usage.locator(".gap-samples pre")).toContainText("import requests");
  await expect(usage.getByRole("region", { name: ru.apiDocs.inside.samples })).toBeVisible();
  expect(faults).toEqual([]);
});
