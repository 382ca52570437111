import { randomUUID } from "node:crypto";
import type { CrmId, InboundRequest } from "@gpt-agent/core/crm/crm";
import { crmGrantPlace, crmInboundPlace, DEFAULT_CRM_SETTINGS } from "@gpt-agent/core/crm/crm-settings";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type FakeAmocrm, startAmocrm } from "../../../e2e/fakes/crm/amocrm.ts";
import { type FakeHubspot, startFakeHubspot } from "../../../e2e/fakes/crm/hubspot.ts";
import { type FakePipedrive, startFakePipedrive } from "../../../e2e/fakes/crm/pipedrive.ts";
import { LIMITS } from "./limiter/limiter.ts";
import { type SeededAgent, seedAgent, startTestPortal, type TestPortal } from "./test-portal.ts";

const SECRET = "s3cret-of-the-webhook-0123456789";

let portal: TestPortal;
let hubspot: FakeHubspot;
let amocrm: FakeAmocrm;
let pipedrive: FakePipedrive;
let agent: SeededAgent;

beforeAll(async () => {
  [hubspot, amocrm, pipedrive] = await Promise.all([startFakeHubspot(), startAmocrm(), startFakePipedrive()]);
  portal = await startTestPortal({
    HUBSPOT_CLIENT_ID: hubspot.app.clientId,
    HUBSPOT_CLIENT_SECRET: hubspot.app.clientSecret,
    HUBSPOT_URL: hubspot.url,
    AMOCRM_URL: amocrm.url,
    PIPEDRIVE_CLIENT_ID: pipedrive.app.clientId,
    PIPEDRIVE_CLIENT_SECRET: pipedrive.app.clientSecret,
    PIPEDRIVE_URL: pipedrive.url,
    LOG_LEVEL: "error",
  });
  agent = await seedAgent(portal.backend);
}, 180_000);
afterAll(async () => {
  await portal.close();
  await Promise.all([hubspot.close(), amocrm.close(), pipedrive.close()]);
});
afterEach(() => vi.useRealTimers());

type Seeded = { crm: CrmId; accountId?: string; secret?: string | null; status?: string; orgId?: string; kind?: "oauth" | "token" };

/** A connection as the portal writes it. */
async function seedConnection({
  crm,
  accountId = randomUUID(),
  secret = null,
  status = "ok",
  orgId = agent.orgId,
  kind = "token",
}: Seeded) {
  const id = randomUUID();
  const { secretBox } = portal.services;
  await portal.backend.db.query(
    `insert into connections (id, org_id, crm, name, account_id, status, grant_kind, sealed_grant, sealed_inbound_secret, settings)
     values ($1, $2, $3, 'Acme', $4, $5, $9, $6, $7, $8)`,
    [
      id,
      orgId,
      crm,
      accountId,
      status,
      secretBox.seal("{}", crmGrantPlace(orgId, id)),
      secret && secretBox.seal(secret, crmInboundPlace(orgId, id)),
      JSON.stringify(DEFAULT_CRM_SETTINGS),
      kind,
    ],
  );
  return id;
}

const send = (request: InboundRequest) =>
  fetch(request.url, {
    method: request.method,
    headers: request.headers,
    ...(request.method === "GET" ? {} : { body: new Uint8Array(request.body) }),
  });
const addressOf = (name: string) => `${portal.url}/api/webhooks/${name}`;
const eventsOf = async (id: string) =>
  (await portal.backend.db.query<{ event_id: string; contact_id: string }>("select * from inbound_events where connection_id = $1", [id]))
    .rows;
const amo = (id: string, contactIds: string[], secret = SECRET) =>
  amocrm.webhook!({ url: addressOf(id), secret, contactIds, kind: "changed" })[0]!;
const hub = (contactIds: string[], at?: number) =>
  hubspot.webhook!({ url: addressOf("hubspot"), secret: "", contactIds, kind: "changed", ...(at ? { at } : {}) })[0]!;

describe("C1: webhooks of CRMs are verified in their sender's own scheme", () => {
  it("C1: what is rightly signed is stored and answered within a second", async () => {
    const id = await seedConnection({ crm: "amocrm", secret: SECRET });
    const times: number[] = [];
    for (let n = 0; n < 9; n++) {
      const began = performance.now();
      const answer = await send(amo(id, [`${n + 1}1`, `${n + 1}2`]));
      times.push(performance.now() - began);
      expect([answer.status, await answer.json()]).toEqual([200, { received: 2 }]);
    }
    // The first one warms the process up.
    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(1_000);
    expect((await eventsOf(id)).map(({ contact_id }) => contact_id)).toEqual(expect.arrayContaining(["11", "12", "91", "92"]));
    const jobs = await portal.backend.db.query("select 1 from outbox where name = 'crm.inbound' and org_id = $1", [agent.orgId]);
    expect(jobs.rows.length).toBeGreaterThanOrEqual(2);
  });

  it("T60 C1: fails closed: no secret, another's secret, an unknown or resting connection are all the same 401", async () => {
    const refused = [
      await seedConnection({ crm: "amocrm", secret: null }),
      await seedConnection({ crm: "amocrm", secret: "another-secret-0123456789-0123456" }),
      await seedConnection({ crm: "amocrm", secret: SECRET, status: "paused" }),
      await seedConnection({ crm: "amocrm", secret: SECRET, status: "disconnecting" }),
      // A CRM that knows one address for the app has none for a connection.
      await seedConnection({ crm: "hubspot", secret: SECRET }),
      randomUUID(),
    ];
    const answers = [];
    for (const id of refused) {
      const answer = await send(amo(id, ["11"]));
      const { requestId: _, ...body } = await answer.json();
      answers.push([answer.status, body]);
      expect(await eventsOf(id)).toEqual([]);
    }
    expect(answers[0]![0]).toBe(401);
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    const bare = await fetch(addressOf(await seedConnection({ crm: "amocrm", secret: SECRET })), { method: "POST", body: "contacts=1" });
    expect(bare.status).toBe(401);
    for (const name of ["amocrm", "salesforce", "pipedrive", "bitrix24"])
      expect([name, (await fetch(addressOf(name), { method: "POST", body: "[]" })).status]).toEqual([name, 401]);
  });

  it("C1: a signature of another app's secret is refused, and so is none", async () => {
    const { headers, ...request } = hub(["11"]);
    expect((await send({ ...request, headers: { "content-type": "application/json" } })).status).toBe(401);
    expect((await send({ ...request, headers: { ...headers, "x-hubspot-signature-v3": "AAAA" } })).status).toBe(401);
  });
});

describe("C1: a notice that our app was removed from an account", () => {
  const setUps = async (id: string) =>
    (await portal.backend.db.query("select 1 from outbox where name = 'crm.setup' and payload ->> 'connectionId' = $1", [id])).rows.length;
  const notice = () => pipedrive.uninstall(addressOf("pipedrive"));

  it("C1: has the account's connections looked at anew, and no others", async () => {
    const { externalId: accountId } = pipedrive.account;
    const other = await seedAgent(portal.backend);
    const [mine, theirs, stopped, foreign] = [
      await seedConnection({ crm: "pipedrive", accountId, kind: "oauth" }),
      await seedConnection({ crm: "pipedrive", accountId, kind: "oauth", orgId: other.orgId }),
      await seedConnection({
        crm: "pipedrive",
        accountId,
        kind: "oauth",
        status: "paused",
        orgId: (await seedAgent(portal.backend)).orgId,
      }),
      await seedConnection({ crm: "pipedrive", kind: "oauth" }),
    ];
    const before = await Promise.all([mine, theirs, stopped, foreign].map(setUps));
    const answer = await send(notice());
    expect([answer.status, await answer.json()]).toEqual([200, { received: 2 }]);
    const after = await Promise.all([mine, theirs, stopped, foreign].map(setUps));
    expect(after.map((count, at) => count - before[at]!)).toEqual([1, 1, 0, 0]);
    const { rows } = await portal.backend.db.query<{ id: string; over: boolean }>(
      "select id, grant_expires_at <= now() as over from connections where crm = 'pipedrive'",
    );
    expect(
      rows
        .filter(({ over }) => over)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([mine, theirs].sort());
  });

  it("C1: from anybody who does not know the app's secret, or about something else, changes nothing", async () => {
    const { externalId: accountId } = pipedrive.account;
    await portal.backend.db.query("delete from connections where crm = 'pipedrive'");
    const id = await seedConnection({ crm: "pipedrive", accountId, kind: "oauth" });
    const before = await setUps(id);
    const good = notice();
    const basic = (text: string) => ({ ...good.headers, authorization: `Basic ${Buffer.from(text).toString("base64")}` });
    const { clientId, clientSecret } = pipedrive.app;
    const { authorization: _, ...bare } = good.headers;
    for (const headers of [bare, basic(`${clientId}:`), basic(`${clientId}:${clientSecret}x`), basic(`x:${clientSecret}`)])
      expect((await send({ ...good, headers })).status).toBe(401);
    for (const body of [
      "",
      "{}",
      "[",
      JSON.stringify({ client_id: "another", company_id: 77001 }),
      JSON.stringify({ client_id: clientId, company_id: "7; x" }),
    ])
      expect([body, (await send({ ...good, body: Buffer.from(body) })).status]).toEqual([body, 400]);
    for (const name of ["hubspot", "amocrm", id, "nobody"]) expect((await send({ ...good, url: addressOf(name) })).status).toBe(404);
    expect(await setUps(id)).toBe(before);
  });
});

describe("C2: a signature is as old as its scheme allows, and of these bytes", () => {
  it("C2: ±299 s is accepted, ±301 s refused", async () => {
    const id = await seedConnection({ crm: "hubspot", accountId: hubspot.account.externalId });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const statuses = [];
    for (const seconds of [-301, -299, 299, 301])
      statuses.push((await send(hub([String(5_000 + seconds)], Date.now() + seconds * 1_000))).status);
    vi.useRealTimers();
    expect(statuses).toEqual([401, 200, 200, 401]);
    expect((await eventsOf(id)).map(({ contact_id }) => contact_id).sort()).toEqual(["4701", "5299"]);
    await portal.backend.db.query("delete from connections where id = $1", [id]);
  });

  it("C2: any byte changed, in the body, the address or the method, is 401", async () => {
    const id = await seedConnection({ crm: "hubspot", accountId: hubspot.account.externalId });
    const request = hub(["77"]);
    // Every place would be hundreds of requests: every seventh, and both ends.
    const places = [...request.body.keys()].filter((at) => at % 7 === 0 || at === request.body.length - 1);
    const statuses = await Promise.all(
      places.map(async (at) => {
        const body = Buffer.from(request.body);
        body[at] = body[at]! ^ 1;
        return (await send({ ...request, body })).status;
      }),
    );
    // Whoever tries that often is told to wait; let in is nobody.
    expect(statuses.filter((status) => status !== 401 && status !== 429)).toEqual([]);
    expect(statuses.length).toBeGreaterThan(20);
    for (const url of [`${request.url}?x=1`, request.url.replace("hubspot", "HUBSPOT")])
      expect([401, 404, 429]).toContain((await send({ ...request, url })).status);
    expect(await eventsOf(id)).toEqual([]);
    expect((await send(request)).status).toBe(200);
    await portal.backend.db.query("delete from connections where id = $1", [id]);
  });
});

describe("C3: an event that comes several times is one event", () => {
  it("C3: 1,000 events × 3, shuffled, 8 at once: exactly 1,000 rows", async () => {
    const other = await seedAgent(portal.backend);
    const mine = await seedConnection({ crm: "hubspot", accountId: hubspot.account.externalId });
    const theirs = await seedConnection({ crm: "hubspot", accountId: "7777777", orgId: other.orgId });
    const at = Date.now();
    const all = Array.from({ length: 1_000 }, (_, n) => ({
      subscriptionType: "contact.propertyChange",
      objectId: 10_000 + (n % 300),
      eventId: n,
      occurredAt: at - n,
    }));
    const shuffled = shuffle([...all, ...all, ...all]);
    const requests: InboundRequest[] = [];
    for (let from = 0, size = 1; from < shuffled.length; from += size, size = (size % 40) + 1)
      requests.push(hubspot.events(shuffled.slice(from, from + size), addressOf("hubspot")));
    let told = 0;
    const worker = async () => {
      for (let next = requests.pop(); next; next = requests.pop()) {
        const answer = await send(next);
        expect(answer.status).toBe(200);
        told += (await answer.json()).received;
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    const rows = await eventsOf(mine);
    expect(rows).toHaveLength(1_000);
    expect(new Set(rows.map(({ event_id }) => event_id)).size).toBe(1_000);
    expect(told).toBe(1_000);
    const jobs = await portal.backend.db.query(
      "select 1 from outbox o join inbound_events e on o.payload ->> 'eventId' = e.id::text where e.connection_id = $1 and o.name = 'crm.inbound'",
      [mine],
    );
    expect(jobs.rows).toHaveLength(1_000);
    // Whose an event is, it says itself: another account's connection was told nothing.
    expect(await eventsOf(theirs)).toEqual([]);
    await portal.backend.db.query("delete from connections where id in ($1, $2)", [mine, theirs]);
  }, 120_000);
});

describe("C4: whatever comes, the portal stands", () => {
  it("C4 T57: nonsense with a right signature is 400, and nothing is stored", async () => {
    const id = await seedConnection({ crm: "hubspot", accountId: hubspot.account.externalId });
    for (const body of ["", "null", "{}", "0", '"x"', "{", "[".repeat(2_000), "a=b", "\u0000"]) {
      const answer = await send(hubspot.sign({ url: addressOf("hubspot"), body }));
      expect([body.slice(0, 10), answer.status]).toEqual([body.slice(0, 10), 400]);
    }
    const long = hubspot.events(
      [{ subscriptionType: "contact.propertyChange", objectId: 1, eventId: "x".repeat(300) }],
      addressOf("hubspot"),
    );
    expect((await send(long)).status).toBe(400);
    expect(await eventsOf(id)).toEqual([]);
    await portal.backend.db.query("delete from connections where id = $1", [id]);
  });

  it("C4: more than 256 KB is 413, other methods 405, other names 404", async () => {
    const id = await seedConnection({ crm: "amocrm", secret: SECRET });
    const large = amo(id, ["11"]);
    expect((await send({ ...large, body: Buffer.alloc(256 * 1024 + 1, "a") })).status).toBe(413);
    for (const method of ["GET", "PUT", "PATCH"]) {
      const answer = await fetch(large.url, { method });
      expect([method, answer.status, answer.headers.get("allow")]).toEqual([method, 405, "POST, DELETE"]);
    }
    for (const name of ["nobody", "..%2Fhubspot", "%00", "'", "__proto__", "hubspot%20"])
      expect([name, (await fetch(addressOf(name), { method: "POST", body: "[]" })).status]).toEqual([name, 404]);
  });

  it("C4: one connection's flood ends in 429 with a time to wait", async () => {
    const id = await seedConnection({ crm: "amocrm", secret: SECRET });
    const { limiter } = portal.services;
    for (let n = 0; n < LIMITS.crmWebhook.limit; n++) await limiter.check("crmWebhook", id);
    const answer = await send(amo(id, ["11"]));
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await send(amo(await seedConnection({ crm: "amocrm", secret: SECRET }), ["11"]))).status).toBe(200);
  });
});

/** The same order in each run. */
function shuffle<T>(list: T[]): T[] {
  let state = 20261126;
  for (let at = list.length - 1; at > 0; at--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const other = state % (at + 1);
    [list[at], list[other]] = [list[other]!, list[at]!];
  }
  return list;
}
