import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeSentry, startFakeSentry } from "../../../e2e/fakes/sentry.ts";
import { envelopeDoor } from "./report-tunnel.server.ts";

let sentry: FakeSentry;
beforeAll(async () => {
  sentry = await startFakeSentry();
});
afterAll(() => sentry?.close());

const bytes = (...lines: (object | string)[]) =>
  new TextEncoder().encode(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));

test("what pages report goes on to the project that was configured, as it is and from nobody", async () => {
  const dsn = sentry.dsn(7);
  expect(await envelopeDoor(dsn)(bytes({ dsn }, { type: "event" }, { message: "no" }))).toBe(true);
  expect(await envelopeDoor(dsn)(bytes({ dsn }, { type: "replay_recording", length: 9 }, "{}\n[1,2,3", ""))).toBe(true);
  expect(sentry.envelopes.map(({ project, key, items }) => ({ project, key, types: items.map(({ type }) => type) }))).toEqual([
    { project: "7", key: new URL(dsn).username, types: ["event"] },
    { project: "7", key: new URL(dsn).username, types: ["replay_recording"] },
  ]);
  expect(Object.keys(sentry.envelopes[0]!.headers)).not.toContain("x-forwarded-for");
});

test("T40: nothing else is passed on, and nowhere else", async () => {
  const before = sentry.envelopes.length;
  const dsn = sentry.dsn(7);
  const pass = envelopeDoor(dsn);
  const item = [{ type: "event" }, { message: "no" }] as const;
  for (const envelope of [
    bytes({ dsn: sentry.dsn(8) }, ...item),
    bytes({ dsn: `${dsn}0` }, ...item),
    bytes({ dsn: "http://169.254.169.254/1" }, ...item),
    bytes({}, ...item),
    bytes({ dsn: [dsn] }, ...item),
    bytes({ dsn }),
    bytes({ dsn }, { type: "attachment" }, "x"),
    bytes({ dsn }, { type: "event", length: 1_000 }, "{}"),
    bytes({ dsn }, { type: "event", length: -1 }, "{}"),
    bytes({ dsn }, ...Array.from({ length: 30 }, () => item).flat()),
    bytes("not json"),
    new Uint8Array(),
    new Uint8Array([0xff, 0xfe, 10]),
  ])
    await expect(pass(envelope)).rejects.toMatchObject({ code: "invalid_request" });
  expect(sentry.envelopes.length).toBe(before);
});

test("a Sentry that is away costs the page nothing but the report", async () => {
  const gone = await startFakeSentry();
  const dsn = gone.dsn(1);
  await gone.close();
  expect(await envelopeDoor(dsn)(bytes({ dsn }, { type: "event" }, { message: "no" }))).toBe(false);
});
