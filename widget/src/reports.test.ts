import { afterEach, expect, test, vi } from "vitest";
import { framesOf, masked, watch } from "./reports.ts";

const OURS = "https://portal.example/widget";
const chrome = (...files: string[]) => ["TypeError: x is undefined", ...files.map((file) => `    at take (${file})`)].join("\n");

afterEach(() => vi.unstubAllGlobals());

test("an error is ours when our code threw it, in every browser's way of writing stacks", () => {
  const file = `${OURS}/chat.abc123.js:1:200`;
  const frame = { filename: `${OURS}/chat.abc123.js`, lineno: 1, colno: 200, in_app: true };
  expect(framesOf(chrome(file, "https://shop.example/app.js:3:4"), OURS)).toEqual([{ ...frame, function: "take" }]);
  expect(framesOf(`take@${file}\n@https://shop.example/app.js:3:4`, OURS)).toEqual([{ ...frame, function: "take" }]);
  expect(framesOf(`TypeError: no\n    at ${file}`, OURS)).toEqual([frame]);
  // The page's own, also where we are further up, as in a listener of the page that we called.
  expect(framesOf(chrome("https://shop.example/app.js?token=1:3:4", file), OURS)).toEqual([]);
  expect(framesOf(chrome("https://portal.example.evil/widget/chat.js:1:1"), OURS)).toEqual([]);
  expect(framesOf("", OURS)).toEqual([]);
});

test("a message says nothing of people", () => {
  expect(masked("cannot read https://a.example/p?token=abc#x of ann@shop.example with eyJhbGciOiJIUzI1NiJ9abcdef")).toBe(
    "cannot read https://a.example/p?… of [email] with […]",
  );
});

test("each error of ours is told once, ten at most, and nothing of the page", () => {
  const listeners: Record<string, ((event: object) => void)[]> = {};
  const listen = (name: string, heard: (event: object) => void) => {
    listeners[name] = [...(listeners[name] ?? []), heard];
  };
  const sent: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal("addEventListener", listen);
  vi.stubGlobal("document", { addEventListener: listen });
  vi.stubGlobal("VERSION", "1.2.3");
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => void sent.push({ url, init }));
  const tell = (name: string, event: object) => {
    for (const heard of listeners[name]!) heard(event);
  };
  const thrown = (file: string, name = "TypeError") =>
    Object.assign(new Error("broke for ann@shop.example"), { name, stack: chrome(file) });

  watch("not a dsn", "agent", OURS);
  expect(listeners).toEqual({});
  watch("https://abc123@sentry.example/prefix/42", "agent-public-id", OURS);
  const ours = thrown(`${OURS}/chat.js:1:1`);
  tell("error", { error: ours });
  tell("error", { error: ours });
  tell("unhandledrejection", { reason: thrown("https://shop.example/app.js:1:1") });
  tell("unhandledrejection", { reason: "a text" });
  tell("gpt-agent:error", { detail: { cause: thrown(`${OURS}/chat.js:1:1`, "ChatProblem") } });
  tell("gpt-agent:error", { detail: {} });
  expect(sent).toHaveLength(1);
  expect(sent[0]!.url).toBe("https://sentry.example/prefix/api/42/envelope/?sentry_version=7&sentry_key=abc123");
  expect(sent[0]!.init).toMatchObject({ method: "POST", credentials: "omit", referrerPolicy: "no-referrer" });
  const event = JSON.parse(String(sent[0]!.init.body).split("\n")[2]!);
  expect(event).toMatchObject({ release: "gpt-agent-platform@1.2.3", tags: { process: "widget", agentId: "agent-public-id" } });
  expect(event.contexts.trace.trace_id).toMatch(/^[0-9a-f]{32}$/);
  expect(String(sent[0]!.init.body)).not.toMatch(/ann@|shop\.example/);
  for (let line = 1; line <= 30; line++) tell("error", { error: thrown(`${OURS}/chat.js:${line}:2`) });
  expect(sent).toHaveLength(10);
});
