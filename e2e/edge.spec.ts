// What holds for every answer of the portal, as a client on the network sees it.
import { readdirSync, readFileSync } from "node:fs";
import { request as ask } from "node:http";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { freePort } from "./fakes/free-port.ts";
import { type Platform, startPlatform } from "./platform.ts";

test.describe.configure({ timeout: 240_000 });

let platform: Platform;
let port: number;
test.beforeAll(async () => {
  test.setTimeout(180_000);
  port = await freePort();
  // Behind TLS, as far as the portal can tell.
  platform = await startPlatform({ env: { PORT: String(port), APP_URL: "https://portal.example" } });
});
test.afterAll(() => platform?.stop());

/** Every route's pattern, from the manifest of the build. */
function patterns(): string[] {
  const folder = fileURLToPath(new URL("../portal/build/client/assets", import.meta.url));
  const manifest = readdirSync(folder).find((file) => file.startsWith("manifest-"))!;
  const text = readFileSync(`${folder}/${manifest}`, "utf8");
  const { routes } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as {
    routes: Record<string, { id: string; parentId?: string; path?: string }>;
  };
  const whole = (id: string): string => {
    const { parentId, path = "" } = routes[id]!;
    return `${parentId ? whole(parentId) : ""}/${path}`.replace(/\/+/g, "/");
  };
  return [...new Set(Object.keys(routes).map((id) => whole(id)))];
}

type Answer = { status: number; headers: Record<string, string | string[] | undefined> };

/** A request as it stands, with no client's ideas of what may be sent. */
function send(method: string, path: string, headers: Record<string, string> = {}, body?: string | number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = ask({ hostname: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      response.on("data", () => {});
      // Streams end when they like: the head is what counts.
      resolve({ status: response.statusCode!, headers: response.headers });
      request.destroy();
    });
    request.on("error", reject);
    if (typeof body === "string") request.write(body);
    request.end();
  });
}

/** What an answer lacks. */
function lacks({ status, headers }: Answer): string[] {
  const csp = String(headers["content-security-policy"] ?? "");
  const html = /text\/html/.test(String(headers["content-type"]));
  const isPublic = /public|immutable/.test(String(headers["cache-control"]));
  const rules: [string, boolean][] = [
    [
      "hsts",
      /max-age=(\d+)/.test(String(headers["strict-transport-security"])) &&
        Number(/max-age=(\d+)/.exec(String(headers["strict-transport-security"]))![1]) >= 31_536_000,
    ],
    ["nosniff", headers["x-content-type-options"] === "nosniff"],
    ["csp", /default-src 'none'/.test(csp) && /object-src 'none'/.test(csp) && /base-uri 'none'/.test(csp)],
    ["no unsafe script", !/script-src[^;]*unsafe/.test(csp)],
    ["nonce", !html || status >= 500 || /script-src[^;]*'nonce-/.test(csp)],
    ["framing", /frame-ancestors 'none'/.test(csp) && headers["x-frame-options"] === "DENY"],
    ["coop", headers["cross-origin-opener-policy"] === "same-origin"],
    ["referrer", Boolean(headers["referrer-policy"])],
    ["permissions", Boolean(headers["permissions-policy"])],
    ["request id", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(headers["x-request-id"]))],
    ["no-store", isPublic || status === 304 || /no-store|no-cache/.test(String(headers["cache-control"]))],
    ["no server's name", !headers["x-powered-by"] && !headers.server],
  ];
  return rules.filter(([, holds]) => !holds).map(([name]) => name);
}

test("H19: every route answers every method with all of the headers, whoever asks", async () => {
  const samples: Record<string, string> = { agentId: "demo", orgSlug: "no-such-org" };
  const paths = patterns().map((pattern) =>
    pattern
      .replace(/\/\*$/, "/anything")
      .replace(/:(\w+)\??/g, (_, name: string) => samples[name] ?? "00000000-0000-7000-8000-000000000000"),
  );
  expect(paths.length).toBeGreaterThan(60);
  const faults: string[] = [];
  const seen = new Set<number>();
  for (const path of paths) {
    for (const [method, at, headers] of [
      ["GET", path, {}],
      ["GET", `${path === "/" ? "/_root" : path}.data`, {}],
      ["HEAD", path, {}],
      ["OPTIONS", path, { origin: "https://elsewhere.example", "access-control-request-method": "POST" }],
      ["POST", path, { "sec-fetch-site": "same-origin" }],
      ["POST", path, { "sec-fetch-site": "cross-site" }],
      ["DELETE", path, { "sec-fetch-site": "same-origin" }],
    ] as const) {
      const answer = await send(method, at, headers as Record<string, string>);
      seen.add(answer.status);
      const missing = lacks(answer);
      if (missing.length > 0) faults.push(`${method} ${at} ${answer.status}: ${missing.join(", ")}`);
    }
  }
  expect(faults).toEqual([]);
  for (const status of [200, 302, 401, 403, 404, 405]) expect([...seen]).toContain(status);
});

test("H19: so do files, and answers to what is no request of ours", async () => {
  const assets = fileURLToPath(new URL("../portal/build/client/assets", import.meta.url));
  const script = readdirSync(assets).find((file) => file.endsWith(".js"))!;
  const cases: [string, number, Promise<Answer>][] = [
    ["a script", 200, send("GET", `/assets/${script}`)],
    ["the widget", 200, send("GET", "/widget.js")],
    ["the icon", 200, send("GET", "/favicon.svg")],
    ["a missing script", 404, send("GET", "/assets/none.js")],
    ["a missing file of the widget", 404, send("GET", "/widget/none.js")],
    ["a path out of the folder", 403, send("GET", "/assets/..%2f..%2fserver.mjs")],
    ["a broken escape", 400, send("GET", "/assets/%e0")],
    ["a broken escape of a page", 404, send("GET", "/%e0")],
    ["TRACE", 405, send("TRACE", "/")],
    ["an unknown method", 405, send("PROPFIND", "/orgs")],
    [
      "a body that is too large",
      413,
      send("POST", "/api/v1/agents/demo/sessions", {
        origin: "https://portal.example",
        "content-type": "application/json",
        "content-length": "3000000",
      }),
    ],
    ["secrets of a project", 404, send("GET", "/.env")],
    ["the repository", 404, send("GET", "/.git/config")],
    ["a source map", 404, send("GET", `/assets/${script}.map`)],
    ["headers that are too large", 431, send("GET", "/", { "x-large": "x".repeat(20_000) })],
  ];
  const answers = await Promise.all(cases.map(async ([what, , answer]) => ({ what, answer: await answer })));
  expect(answers.map(({ what, answer }) => [what, answer.status])).toEqual(cases.map(([what, status]) => [what, status]));
  expect(answers.map(({ what, answer }) => [what, lacks(answer)])).toEqual(cases.map(([what]) => [what, []]));
});

/** What a socket that sends these bytes reads until it is closed, and after how long. */
function converse(write: (socket: Socket) => void, patience: number): Promise<{ text: string; ms: number; closed: boolean }> {
  const started = Date.now();
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => write(socket));
    const end = (closed: boolean) => {
      clearTimeout(late);
      socket.destroy();
      resolve({ text, ms: Date.now() - started, closed });
    };
    const late = setTimeout(() => end(false), patience);
    socket.on("data", (chunk) => (text += chunk));
    socket.on("error", () => end(true));
    socket.on("close", () => end(true));
  });
}

test("H19: what is no HTTP is refused with the same headers, at once", async () => {
  const { text, closed } = await converse((socket) => socket.write("\x16\x03\x01 nonsense\r\n\r\n"), 5_000);
  expect(closed).toBe(true);
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  for (const header of [
    "X-Content-Type-Options: nosniff",
    "Strict-Transport-Security:",
    "frame-ancestors 'none'",
    "Cache-Control: no-store",
  ])
    expect(text).toContain(header);
});

test("slow clients are let go: headers have 15 seconds, however many trickle at once, and others are served meanwhile", async () => {
  const trickle = (socket: Socket) => {
    socket.write("GET / HTTP/1.1\r\nhost: portal.example\r\n");
    const drip = setInterval(() => socket.write("x-a: b\r\n"), 1_000);
    socket.once("close", () => clearInterval(drip));
  };
  const slow = Array.from({ length: 50 }, () => converse(trickle, 30_000));
  const started = Date.now();
  expect((await send("GET", "/api/health?live=1")).status).toBe(200);
  expect(Date.now() - started).toBeLessThan(3_000);
  for (const { text, ms, closed } of await Promise.all(slow)) {
    expect(closed).toBe(true);
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(ms).toBeGreaterThan(10_000);
    expect(ms).toBeLessThan(25_000);
  }
});

test("T32: what a caller says about itself changes nothing: no address of ours, no redirect, no cookie", async () => {
  const forged = {
    host: "evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "http",
    "x-forwarded-for": "127.0.0.1",
    forwarded: "for=127.0.0.1;host=evil.example;proto=http",
    "x-client-address": "127.0.0.1",
    "x-real-ip": "127.0.0.1",
    "x-original-url": "/platform/queue",
  };
  for (const path of ["/", "/orgs", "/login", "/api/openapi.json", "/demo"]) {
    const plain = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual" });
    const answer = await send("GET", path, forged);
    expect([path, answer.status]).toEqual([path, plain.status]);
    expect(JSON.stringify(answer.headers)).not.toContain("evil.example");
  }
});
