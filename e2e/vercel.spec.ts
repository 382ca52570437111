// The portal as it is deployed to Vercel: what build-vercel.mjs makes, called over HTTP.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { normalizeRoutes } from "@vercel/routing-utils";
import { keysOf } from "./account.ts";
import { type FakeLlm, startFakeLlm } from "./fakes/llm.ts";
import { type FakeVercel, startVercel } from "./fakes/vercel.ts";
import { Visitor } from "./visitor.ts";

test.describe.configure({ mode: "serial", timeout: 120_000 });

const [dataFolder, backendUrl] = [process.env.PLATFORM_DATA!, process.env.PLATFORM_BACKEND!];
const WORDS = Array.from({ length: 60 }, (_, n) => `word-${n}`).join(" ");
let output: string;
let llm: FakeLlm;
let vercel: FakeVercel;

test.beforeAll(async () => {
  // Builds what has changed since the last build.
  test.setTimeout(300_000);
  output = mkdtempSync(join(tmpdir(), "gpt-agent-vercel-"));
  execFileSync(process.execPath, [fileURLToPath(new URL("../scripts/build-vercel.mjs", import.meta.url)), output]);
  llm = await startFakeLlm();
  const { SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, ...own } = keysOf(dataFolder) as Record<string, string>;
  vercel = await startVercel(output, (url) => ({
    APP_URL: url,
    SUPABASE_URL: backendUrl,
    SUPABASE_PUBLISHABLE_KEY: SUPABASE_PUBLISHABLE_KEY!,
    SUPABASE_SECRET_KEY: SUPABASE_SECRET_KEY!,
    ENCRYPTION_KEY: own.ENCRYPTION_KEY!,
    TRUSTED_PROXIES: "1",
    LLM_BASE_URL: llm.url,
    LLM_API_KEY: "test",
  }));
});
test.afterAll(async () => {
  await vercel?.stop();
  await llm?.close();
  rmSync(output, { recursive: true, force: true });
});

test("the function is one file that runs in Frankfurt and may stream", () => {
  const folder = join(output, "functions", "portal.func");
  expect(readdirSync(folder).sort()).toEqual([".vc-config.json", "index.mjs", "package.json"]);
  expect(JSON.parse(readFileSync(join(folder, ".vc-config.json"), "utf8"))).toMatchObject({
    runtime: "nodejs20.x",
    regions: ["fra1"],
    supportsResponseStreaming: true,
    launcherType: "Nodejs",
  });
});

test("Vercel's own reader of routes takes them", () => {
  const { version, routes } = JSON.parse(readFileSync(join(output, "config.json"), "utf8"));
  expect(version).toBe(3);
  expect(normalizeRoutes(routes).error).toBeNull();
  expect(normalizeRoutes([...routes, { handle: "sometimes" }]).error).toMatchObject({ code: "invalid_route" });
});

test("a page comes with its policy and works in a browser", async ({ page }) => {
  const response = await page.goto(`${vercel.url}/login`);
  expect(response!.headers()["content-security-policy"]).toContain("script-src 'self' 'nonce-");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeEnabled();
});

test("files are kept for good under names that change with them, the loader for minutes; what is missing is not kept", async () => {
  const page = await (await fetch(`${vercel.url}/login`)).text();
  const [asset] = /\/assets\/[\w.-]+\.js/.exec(page)!;
  const part = readdirSync(join(output, "static", "widget")).find((name) => /^chat\.[\w-]+\.js$/.test(name) && name !== "chat.js");
  for (const path of [asset, `/widget/${part}`]) {
    const response = await fetch(vercel.url + path);
    expect(response.status, path).toBe(200);
    expect(response.headers.get("cache-control"), path).toBe("public, max-age=31536000, immutable");
  }
  for (const path of ["/widget.js", "/widget/chat.js"]) {
    const loader = await fetch(vercel.url + path);
    expect(loader.headers.get("cache-control"), path).toBe("public, max-age=300, stale-while-revalidate=86400");
    expect(loader.headers.get("access-control-allow-origin"), path).toBe("*");
  }
  for (const path of ["/assets/gone.js", "/widget/gone.js"]) {
    const missing = await fetch(vercel.url + path);
    expect(missing.status, path).toBe(404);
    expect(missing.headers.get("cache-control") ?? "", path).not.toContain("immutable");
  }
});

test("the API answers, and refuses another site's form", async () => {
  const health = await fetch(`${vercel.url}/api/health`);
  expect(health.status).toBe(200);
  expect(await health.json()).toMatchObject({ status: "ok", checks: { database: "ok", llm: "ok" } });
  const forged = await fetch(`${vercel.url}/login`, {
    method: "POST",
    headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site", "content-type": "application/x-www-form-urlencoded" },
    body: "email=a@example.com",
  });
  expect(forged.status).toBe(403);
});

test("an answer streams: its first words are read while the last are not written yet", async () => {
  llm.script({ kind: "answer", text: WORDS, pauseMs: 30 });
  const visitor = await new Visitor(vercel.url, "demo").ready();
  let text = "";
  let openAtFirstWord = 0;
  for await (const { event } of visitor.ask("How long is the warranty?")) {
    if (event.type !== "text-delta") continue;
    if (!text) openAtFirstWord = llm.open();
    text += event.delta;
  }
  expect(openAtFirstWord).toBe(1);
  expect(text).toBe(WORDS);
});

test("an answer whose reader has left is finished before the function is frozen", async () => {
  llm.script({ kind: "answer", text: WORDS, pauseMs: 30 });
  const visitor = await new Visitor(vercel.url, "demo").ready();
  const conversation = randomUUID();
  for await (const { event } of visitor.ask("How long is the warranty?", conversation)) if (event.type === "text-delta") break;
  await vercel.freeze();
  const { SUPABASE_SECRET_KEY: apikey } = keysOf(dataFolder);
  const query = `select=status,parts,conversations!inner(client_id)&author=eq.agent&conversations.client_id=eq.${conversation}`;
  const rows = (await (await fetch(`${backendUrl}/rest/v1/messages?${query}`, { headers: { apikey } })).json()) as object[];
  expect(rows).toEqual([expect.objectContaining({ status: "complete" })]);
  expect(JSON.stringify(rows)).toContain("word-59");
});
