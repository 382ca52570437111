import { randomUUID } from "node:crypto";
import { type CrmDeps, openSession } from "@gpt-agent/core/crm/session";
import { createSafeFetch, type SafeFetch } from "@gpt-agent/core/safe-fetch";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { must } from "../ingest/test-knowledge.ts";
import { type CrmWorld, startCrmWorld, startFastAmocrm } from "./test-world.ts";
import { withConnection } from "./with-connection.ts";

let world: CrmWorld;
const signalOf = () => new AbortController().signal;
beforeAll(async () => {
  world = await startCrmWorld("amocrm", startFastAmocrm);
});
afterAll(() => world?.close());
beforeEach(() => world.reset());

const refreshes = () => world.fake.requests.filter(({ path }) => path === "/oauth2/access_token").length;
const past = () => new Date(Date.now() - 1_000).toISOString();
const account = async (id: string, deps: CrmDeps = world.deps()) => {
  const session = await openSession(id, deps, signalOf());
  return session!.crm.account(session!.call);
};
const check = (id: string, deps: CrmDeps = world.deps(), attempt = 3) =>
  withConnection(
    {
      connectionId: id,
      job: { name: "crm.setup", payload: { connectionId: id } },
      run: async ({ crm, call }) => void (await crm.account(call)),
    },
    deps,
    { id: randomUUID(), attempt, lastAttempt: true, signal: signalOf() },
  );
/** Sends, and loses every answer from the sign-in server. */
const deaf =
  (egress: SafeFetch): SafeFetch =>
  async (url, options) => {
    const answer = await egress(url, options);
    if (url.includes("/oauth2/")) throw Object.assign(new Error("killed"), { name: "Killed" });
    return answer;
  };

describe("a grant", () => {
  test("that runs out is refreshed once, whoever asks: 20 at once, as 20 workers", async () => {
    const id = await world.connect({}, { ...world.fake.grant(), expiresAt: past() });
    const before = refreshes();
    const all = await Promise.all(Array.from({ length: 20 }, () => account(id)));
    expect(all.every(({ externalId }) => externalId === world.fake.account.externalId)).toBe(true);
    expect(refreshes() - before).toBe(1);
    const row = await world.connection(id);
    expect(row).toMatchObject({ grant_generation: 2, refreshing_until: null, refresh_began_at: null, status: "ok" });
    expect(Date.parse(row.grant_expires_at!)).toBeGreaterThan(Date.now());
  }, 60_000);

  test("that is refused before its time is refreshed and the request sent again: 20 at once", async () => {
    const id = await world.connect();
    world.fake.expireTokens();
    const before = refreshes();
    await Promise.all(Array.from({ length: 20 }, () => account(id)));
    expect(refreshes() - before).toBe(1);
    expect((await world.connection(id)).grant_generation).toBe(2);
  }, 60_000);

  test("is stored before it is used", async () => {
    const id = await world.connect({}, { ...world.fake.grant(), expiresAt: past() });
    const deps = world.deps();
    const stored: number[] = [];
    const crmEgress: SafeFetch = async (url, options) => {
      if (!url.includes("/oauth2/")) stored.push((await world.connection(id)).grant_generation);
      return deps.crmEgress(url, options);
    };
    await account(id, { ...deps, crmEgress });
    expect(stored).toEqual([2]);
  });

  test("whose refresh was never heard back is lost where refresh tokens work once, and says so", async () => {
    const id = await world.connect({}, { ...world.fake.grant(), expiresAt: past() });
    const deps = world.deps();
    await expect(account(id, { ...deps, crmEgress: deaf(deps.crmEgress) })).rejects.toThrow("killed");
    expect((await world.connection(id)).refresh_began_at).not.toBeNull();
    await world.backend.db.exec("update connections set refreshing_until = now() - interval '1 second'");
    await check(id);
    expect(await world.connection(id)).toMatchObject({ status: "unauthorized", error_code: "refresh_lost", grant_generation: 1 });
  });

  test("whose refresh was begun and never sent survives", async () => {
    const id = await world.connect({}, { ...world.fake.grant(), expiresAt: past() });
    await must(world.db.rpc("begin_grant_refresh", { connection: id, generation: 1, lease_seconds: 0 }));
    await check(id);
    expect(await world.connection(id)).toMatchObject({ status: "ok", grant_generation: 2, refresh_began_at: null });
  });

  test("that is revoked stops the connection until somebody signs in anew; then what waits goes on", async () => {
    const id = await world.connect();
    await world.work();
    const visitorId = await world.visitor();
    const conversationId = await world.conversation(visitorId);
    await world.lead(visitorId, conversationId, { email: "anna@example.com" });
    world.fake.revokeAll();
    expect(await world.work()).toEqual([]);
    expect(await world.connection(id)).toMatchObject({ status: "unauthorized", error_code: "unauthorized" });
    const push = () => must(world.db.from("crm_pushes").select("status").eq("connection_id", id).single());
    expect(await push()).toEqual({ status: "pending" });
    // A new sign-in, as reauthorize_connection does it.
    await world.reconnect(id);
    expect(await world.work()).toEqual([]);
    expect(await push()).toEqual({ status: "done" });
  });

  test("T12 H18: a token is in no log line, outbox row, error or note", async () => {
    const grant = { ...world.fake.grant(), expiresAt: past() };
    const id = await world.connect({ pull: true }, grant);
    const written: string[] = [];
    const { write } = process.stdout;
    process.stdout.write = ((text: string) => written.push(String(text)) > 0) as typeof write;
    const thrown: unknown[] = [];
    try {
      const { createLog } = await import("@gpt-agent/core/log");
      const log = createLog("debug");
      await world.work({ log });
      for (const status of [400, 401, 403, 500]) {
        const session = await openSession(id, { ...world.deps(), log }, signalOf());
        const { accessToken } = await session!.grants.current();
        world.fake.failNext(
          ...Array.from({ length: 2 }, () => ({
            status,
            json: { detail: `Token ${accessToken} and ${world.fake.app.clientSecret} is bad` },
          })),
        );
        await check(id, { ...world.deps(), log }).catch((error) => thrown.push(error, error.cause, error.stack));
      }
    } finally {
      process.stdout.write = write;
    }
    const row = await world.connection(id);
    expect(row.error_detail).toContain("is bad");
    const tokens = [grant, world.grantOf(row)].flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken!]);
    const { sealed_grant: _, ...open } = row;
    const { rows: dump } = await world.backend.db.query("select * from outbox");
    const seen = JSON.stringify([written, dump, open, thrown.map(String), await must(world.db.from("audit_log").select("*"))]);
    expect(written.length).toBeGreaterThan(0);
    for (const secret of [...tokens, world.fake.app.clientSecret]) expect(seen).not.toContain(secret);
  });
});

describe("an account's limits", () => {
  test("are shared by all that use it, and never passed", async () => {
    const tight = await startCrmWorld("amocrm", startFastAmocrm, [{ key: "requests", burst: 3, perSecond: 20 }]);
    try {
      const id = await tight.connect();
      const began = Date.now();
      const sessions = await Promise.all(
        Array.from({ length: 4 }, () =>
          openSession(id, { ...tight.deps(), crmEgress: createSafeFetch({ allow: [tight.fake.url] }) }, signalOf()),
        ),
      );
      await Promise.all(
        sessions.flatMap((session) => Array.from({ length: 6 }, () => session!.crm.account(session!.call).catch((error) => error))),
      );
      const seconds = (Date.now() - began) / 1_000;
      expect(tight.fake.requests.length).toBeLessThanOrEqual(3 + 20 * seconds + 1);
      expect(tight.fake.requests.length).toBeGreaterThan(10);
    } finally {
      await tight.close();
    }
  }, 60_000);
});
