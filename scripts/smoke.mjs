// `npm run smoke -- https://portal.example.com [--agent <id>] [--worker https://worker…]`: does a deployment work, from outside? Every check is
// tried again for two minutes, since a deployment takes its time; ends with 1 and says which one failed. Node built-ins only.
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    agent: { type: "string" },
    worker: { type: "string" },
    /** Seconds that a check may fail before it has failed. */
    patience: { type: "string", default: "120" },
  },
});
const [portal] = positionals.map((url) => url.replace(/\/$/, ""));
if (!portal) {
  console.error("Usage: npm run smoke -- <address of the portal> [--agent <id>] [--worker <address>] [--patience <seconds>]");
  process.exit(64);
}

/** Fetches within ten seconds. @throws for any other status */
async function get(url, { status = 200, ...init } = {}) {
  const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(10_000), ...init });
  if (response.status !== status) throw new Error(`${url}: ${response.status} instead of ${status}`);
  return response;
}
const need = (condition, what) => {
  if (!condition) throw new Error(what);
};

async function health() {
  const { status, version, checks } = await (await get(`${portal}/api/health`)).json();
  need(status === "ok" && checks?.database === "ok" && checks?.storage === "ok", `not healthy: ${JSON.stringify(checks)}`);
  return `version ${version}${checks.queue === "lagging" ? ", jobs wait for a worker" : ""}`;
}

async function signIn() {
  const response = await get(`${portal}/login`);
  const page = await response.text();
  need(/<form[^>]*method="post"/i.test(page) && /type="password"/.test(page), "the sign-in page has no form");
  need(response.headers.get("content-security-policy")?.includes("'nonce-"), "no Content-Security-Policy");
  need(/no-store/.test(response.headers.get("cache-control") ?? ""), "the sign-in page may be stored");
  const [asset] = /\/assets\/[\w.-]+\.js/.exec(page) ?? [];
  need(asset, "the page names no script");
  need(/immutable/.test((await get(portal + asset)).headers.get("cache-control") ?? ""), `${asset} is not kept`);
}

async function widget() {
  const response = await get(`${portal}/widget.js`);
  need(response.headers.get("access-control-allow-origin") === "*", "widget.js cannot be loaded by other sites");
  const [chat] = /widget\/[\w.-]+\.js/.exec(await response.text()) ?? [];
  need(chat, "widget.js names no chat module");
  await get(`${portal}/${chat}`);
}

async function closedDoors() {
  await get(`${portal}/orgs/nobody`, { status: 302 });
  await get(`${portal}/api/v1/conversations/${randomUUID()}`, { status: 401 });
}

async function answer() {
  const origin = new URL(portal).origin;
  const json = { origin, "content-type": "application/json" };
  const agent = `${portal}/api/v1/agents/${encodeURIComponent(values.agent)}`;
  const { token } = await (await get(`${agent}/sessions`, { status: 201, method: "POST", headers: json, body: "{}" })).json();
  const question = { id: randomUUID(), role: "user", parts: [{ type: "text", text: "How long does delivery take?" }] };
  const response = await get(`${agent}/chat`, {
    method: "POST",
    headers: { ...json, authorization: `Bearer ${token}` },
    body: JSON.stringify({ id: randomUUID(), messages: [question], trigger: "submit-message" }),
    signal: AbortSignal.timeout(90_000),
  });
  const asked = performance.now();
  let first;
  let stream = "";
  for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
    stream += bytes;
    if (!first && stream.includes('"text-delta"')) first = performance.now();
  }
  need(first && stream.includes('"type":"finish"') && stream.endsWith("data: [DONE]\n\n"), `no whole answer: …${stream.slice(-300)}`);
  return `first word after ${Math.round(first - asked)} ms`;
}

async function worker() {
  const { status, version } = await (await get(`${values.worker.replace(/\/$/, "")}/health`)).json();
  need(status === "ok", status);
  return `version ${version}`;
}

const checks = { health, "sign-in page": signIn, widget, "closed doors": closedDoors };
if (values.agent) checks["an answer"] = answer;
if (values.worker) checks.worker = worker;

const until = Date.now() + Number(values.patience) * 1000;
for (const [name, check] of Object.entries(checks)) {
  for (;;) {
    try {
      const told = await check();
      console.log(`ok    ${name}${told ? ` (${told})` : ""}`);
      break;
    } catch (error) {
      if (Date.now() >= until) {
        console.error(`FAIL  ${name}: ${error.message}`);
        process.exit(1);
      }
      await new Promise((wake) => setTimeout(wake, 3_000));
    }
  }
}
console.log(`${portal} works.`);
