import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { correlate } from "./correlation.ts";
import { createLog } from "./log.ts";
import { neverTell, redact } from "./redact.ts";

afterEach(() => vi.restoreAllMocks());

/** What a log writes to each stream, line by line. */
function listen() {
  const out: string[] = [];
  const err: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((line) => out.push(String(line)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((line) => err.push(String(line)) > 0);
  return { out, err, lines: () => [...out, ...err].map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe("a log", () => {
  test("writes one JSON object a line, errors to stderr and the rest to stdout", () => {
    const heard = listen();
    const log = createLog("debug", { process: "test" });
    log.debug("one", { n: 1 });
    log.info("two\nlines");
    log.warn("three");
    log.error("four", { error: new Error("no") });
    expect(heard.out).toHaveLength(3);
    expect(heard.err).toHaveLength(1);
    for (const line of [...heard.out, ...heard.err]) expect(line.match(/\n/g)).toHaveLength(1);
    expect(heard.lines().map(({ level, message }) => [level, message])).toEqual([
      ["debug", "one"],
      ["info", "two\nlines"],
      ["warn", "three"],
      ["error", "four"],
    ]);
    for (const line of heard.lines()) {
      expect(line.process).toBe("test");
      expect(Date.now() - Date.parse(line.time as string)).toBeLessThan(60_000);
    }
    expect(heard.lines()[3]!.error).toMatchObject({ name: "Error", message: "no", stack: expect.stringContaining("log.test.ts") });
  });

  test.each([
    ["debug", 4],
    ["info", 3],
    ["warn", 2],
    ["error", 1],
  ] as const)("at the level %s writes %d of the four", (level, lines) => {
    const heard = listen();
    const log = createLog(level).with({ orgId: "o" });
    for (const name of ["debug", "info", "warn", "error"] as const) log[name]("words");
    expect(heard.lines()).toHaveLength(lines);
  });

  test("adds what it was made with, and the request that the work belongs to", async () => {
    const heard = listen();
    const log = createLog("info", { process: "test" }).with({ orgId: "an-org" }).with({ job: "source.read" });
    const [one, other] = [randomUUID(), randomUUID()];
    const work = async (requestId: string) => {
      await correlate({ requestId, trace: null, baggage: null }, async () => {
        await sleep(1);
        log.info("inside", { of: requestId });
      });
    };
    await Promise.all([work(one), work(other)]);
    log.info("outside");
    const lines = heard.lines();
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatchObject({ process: "test", orgId: "an-org", job: "source.read" });
    for (const line of lines.slice(0, 2)) expect(line.requestId).toBe(line.of);
    expect(lines[2]).not.toHaveProperty("requestId");
  });

  test("tells a listener of errors alone, with their fields as they are", () => {
    listen();
    const heard = vi.fn();
    const log = createLog("error", { process: "test" }, heard).with({ jobId: "j" });
    const error = new Error("no");
    log.warn("a warning", { error });
    log.error("an error", { error });
    expect(heard.mock.calls).toEqual([["an error", { process: "test", jobId: "j", error }]]);
  });
});

describe("H18: what is masked in logs", () => {
  const canary = () => `canary${randomBytes(6).toString("hex")}`;
  const cases: [string, (canary: string) => unknown][] = [
    ["a token by its name", (c) => ({ accessToken: c, refresh_token: c, nested: { deep: [{ visitorToken: c }] } })],
    ["passwords, secrets and keys by their names", (c) => ({ password: c, clientSecret: c, apiKey: c, "api-key": c, ENCRYPTION_KEY: c })],
    ["headers by their names", (c) => ({ headers: { Authorization: `Bearer ${c}`, Cookie: `a=${c}`, "Set-Cookie": [`a=${c}`] } })],
    ["headers in a text", (c) => ({ error: new Error(`sent authorization: Bearer ${c}`) })],
    ["a bearer in a text", (c) => ({ reason: `refused Bearer ${c}` })],
    ["cookies in a text", (c) => ({ reason: `Cookie: gap-session=${c}; other=${c}` })],
    ["keys by their shapes", (c) => ({ error: `sk-${c} gap_live_${c} sb_secret_${c} whsec_${c} eyJhbGciOi${c}.${c}.${c}` })],
    ["a long run of letters and digits", (c) => ({ reason: `key ${c}${c}${c}` })],
    ["e-mail addresses", (c) => ({ error: new Error(`${c}@shop.example and Имя.${c}@почта.рф are taken`) })],
    ["phone numbers", () => ({ reason: "called +7 (916) 123-45-67" })],
    ["queries and fragments of addresses", (c) => ({ url: `https://a.example/p?code=${c}#${c}`, path: `/auth/confirm?token_hash=${c}` })],
    ["users of addresses", (c) => ({ redis: `rediss://default:${c}@redis.example:6379` })],
    ["what people wrote", (c) => ({ text: c, body: { anything: c }, question: c, parts: [{ text: c }], messages: [c], output: { x: c } })],
    [
      "what the database tells of a row",
      (c) => ({ error: { code: "23505", message: "duplicate key", details: `Key (name)=(${c}) exists` } }),
    ],
    ["causes of errors", (c) => ({ error: new Error("no", { cause: new Error(`at https://a.example/?k=${c}`) }) })],
    ["the line itself", (c) => `A call of https://a.example/?k=${c} by ${c}@shop.example failed`],
  ];
  test.each(cases)("%s", (_what, make) => {
    const heard = listen();
    const log = createLog("debug");
    const secret = canary();
    const made = make(secret);
    const [message, fields] = typeof made === "string" ? [made, {}] : ["words", made as Record<string, unknown>];
    for (const level of ["debug", "info", "warn", "error"] as const) {
      log[level](message, fields);
      log.with(fields)[level](message);
    }
    const written = [...heard.out, ...heard.err].join("");
    expect(heard.lines()).toHaveLength(8);
    expect(written).toMatch(/redacted|content|email|phone/);
    expect(written).not.toContain(secret);
    expect(written).not.toContain("123-45-67");
  });

  test("the process's own secrets, wherever they stand", () => {
    const heard = listen();
    const secret = canary();
    neverTell([secret, "short"]);
    createLog("info").info(`said ${secret} in a short word`, { error: new Error(`refused "${secret}"`) });
    expect(heard.out.join("")).toContain("said [redacted] in a short word");
    expect(heard.out.join("")).not.toContain(secret);
  });

  test("ids, figures and addresses without a query stay readable", () => {
    const id = randomUUID();
    const fields = {
      requestId: id,
      orgId: id,
      sourceId: id,
      promptTokens: 12,
      status: 502,
      ok: false,
      nothing: null,
      path: `/api/v1/agents/${id}/chat`,
      url: "https://api.openai.example/v1/chat",
      job: "source.read",
      at: "2026-11-26T05:00:00.000Z",
      error: { code: "23505", message: 'duplicate key value violates unique constraint "a_b_c"', hint: null },
    };
    expect(redact(fields)).toEqual(fields);
  });

  test("hostile texts are masked in time", () => {
    for (const text of [
      "a@".repeat(20_000),
      "/".repeat(50_000),
      `${"a1".repeat(30_000)}!`,
      "+1 ".repeat(20_000),
      "x://".repeat(10_000),
      "bearer ".repeat(9_000),
    ]) {
      const started = performance.now();
      redact({ text: 1, reason: text });
      expect(performance.now() - started).toBeLessThan(1_000);
    }
  });
});
