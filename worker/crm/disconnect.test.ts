// Taking leave of a CRM: our access ends there, and nothing of what was read stays here, whatever the CRM says.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FakePipedrive, startFakePipedrive } from "../../e2e/fakes/crm/pipedrive.ts";
import { must, rows } from "../ingest/test-knowledge.ts";
import { handleJob } from "../jobs/index.ts";
import { PermanentFailure } from "../queue/job-queue.ts";
import { type CrmWorld, found, startCrmWorld } from "./test-world.ts";

let world: CrmWorld;
beforeAll(async () => {
  world = await startCrmWorld("pipedrive", () => startFakePipedrive());
}, 60_000);
afterAll(() => world?.close());
beforeEach(() => world.reset());
const fake = () => world.fake as FakePipedrive;

/** A connection that reads contacts and hears of changes, with one contact read and one conversation written. */
async function connected(): Promise<string> {
  const id = await world.connect({ pull: true });
  fake().addContact({ name: "Boris", email: "boris@example.com" });
  const visitorId = await world.visitor();
  await world.lead(visitorId, await world.conversation(visitorId), { name: "Anna", email: "anna@example.com" });
  expect(await world.work()).toEqual([]);
  expect((await world.connection(id)).inbound_subscription).not.toBeNull();
  expect(fake().webhooks.size).toBe(1);
  expect(await kept(id)).toMatchObject({ crm_contacts: expect.any(Number), crm_links: expect.any(Number), crm_pushes: 1, crm_pulls: 1 });
  expect((await kept(id)).crm_contacts).toBeGreaterThan(0);
  return id;
}

const TABLES = ["crm_contacts", "crm_links", "crm_pushes", "crm_pulls", "inbound_events", "crm_erasures"] as const;
const kept = async (id: string) =>
  Object.fromEntries(
    await Promise.all(
      TABLES.map(async (table) => [table, (await rows(world.db.from(table).select("org_id").eq("connection_id", id))).length] as const),
    ),
  );
const leave = async (id: string) => {
  await must(world.db.from("connections").update({ status: "disconnecting" }).eq("id", id));
  await must(world.db.from("outbox").insert({ org_id: world.orgId, name: "crm.disconnect", payload: { connectionId: id } }));
};
const connections = async () => (await rows(world.db.from("connections").select("id"))).length;
const nothing = Object.fromEntries(TABLES.map((table) => [table, 0]));
const said = (method: string, path: RegExp) => fake().requests.filter((one) => one.method === method && path.test(one.path));

describe("disconnecting", () => {
  test("ends the webhooks, revokes our tokens there, and erases everything that was read here", async () => {
    const id = await connected();
    const { accessToken } = world.grantOf(await world.connection(id));
    await leave(id);
    expect(await world.work()).toEqual([]);
    expect([await connections(), await kept(id)]).toEqual([0, nothing]);
    expect(fake().webhooks.size).toBe(0);
    expect(said("POST", /^\/oauth\/revoke$/)).toMatchObject([{ status: 200 }]);
    const answer = await fetch(`${fake().url}/api/v1/users/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect(answer.status).toBe(401);
    // What we wrote is the customer's.
    expect([...fake().contacts.values()].map(({ email }) => email)).toContain("anna@example.com");
  });

  test("erases here also when the CRM does not let us in any more", async () => {
    const id = await connected();
    fake().revokeAll();
    await leave(id);
    expect(await world.work()).toEqual([]);
    expect([await connections(), await kept(id)]).toEqual([0, nothing]);
  });

  test("tries again while the CRM is away, and erases here in the end", async () => {
    const id = await connected();
    fake().failNext(...Array.from({ length: 20 }, () => ({ status: 503, json: {} })));
    await leave(id);
    expect(await world.work({}, false)).toEqual(["crm.disconnect"]);
    expect(await connections()).toBe(1);
    await leave(id);
    expect(await world.work({}, true)).toEqual([]);
    expect([await connections(), await kept(id)]).toEqual([0, nothing]);
  });

  test("leaves a connection alone that is not being left", async () => {
    const id = await connected();
    await must(world.db.from("outbox").insert({ org_id: world.orgId, name: "crm.disconnect", payload: { connectionId: id } }));
    expect(await world.work()).toEqual([]);
    expect(await connections()).toBe(1);
    expect(said("POST", /^\/oauth\/revoke$/)).toEqual([]);
  });
});

describe("a connection that cannot be read", () => {
  const spoil = (id: string) => world.backend.db.query('update connections set settings = \'{"nothing": "of ours"}\' where id = $1', [id]);
  const run = (name: string, payload: object) =>
    handleJob(
      { id: randomUUID(), turn: 1, stalls: 0, name, payload, attempt: 1, lastAttempt: false, signal: new AbortController().signal },
      world.deps(),
    );

  test("fails for good at the first try, and what waited for it says so", async () => {
    const id = await connected();
    const conversationId = await world.conversation(await world.visitor());
    await spoil(id);
    const push = await found(
      world.db
        .from("crm_pushes")
        .insert({ org_id: world.orgId, connection_id: id, conversation_id: conversationId, reasons: ["byHand"] })
        .select("id")
        .single(),
    );
    await expect(run("crm.push", { pushId: push.id })).rejects.toThrow(PermanentFailure);
    expect(await found(world.db.from("crm_pushes").select("status, error_code").eq("id", push.id).single())).toEqual({
      status: "failed",
      error_code: "unexpected",
    });
    await expect(run("crm.setup", { connectionId: id })).rejects.toThrow(PermanentFailure);
  });

  test("can be left all the same", async () => {
    const id = await connected();
    await spoil(id);
    await leave(id);
    expect(await world.work({}, false)).toEqual([]);
    expect([await connections(), await kept(id)]).toEqual([0, nothing]);
  });
});

describe("an app that was removed there", () => {
  const doubt = (account: string) => must(world.db.rpc("doubt_crm_account", { account_crm: "pipedrive", account }));

  test("asks for a new sign-in at once, without waiting for its token's end", async () => {
    const id = await connected();
    fake().uninstall("https://portal.example/integrations/crm/callback");
    expect(await doubt(fake().account.externalId)).toBe(1);
    await world.work();
    expect(await world.connection(id)).toMatchObject({ status: "unauthorized", error_code: "unauthorized" });
  });

  test("by another person leaves our connection as it is", async () => {
    const id = await connected();
    expect(await doubt(fake().account.externalId)).toBe(1);
    expect(await doubt("78000")).toBe(0);
    expect(await world.work()).toEqual([]);
    const after = await world.connection(id);
    expect(after).toMatchObject({ status: "ok", grant_generation: 2 });
    expect(Date.parse(after.grant_expires_at!)).toBeGreaterThan(Date.now() + 60_000);
  });
});
