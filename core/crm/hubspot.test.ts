import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeHubspot, startFakeHubspot } from "../../e2e/fakes/crm/hubspot.ts";
import { createSafeFetch } from "../safe-fetch.ts";
import type { Crm, CrmApp, CrmCall, CrmRequest, InboundRequest } from "./crm.ts";
import { CrmError } from "./crm-error.ts";
import { crmHttp } from "./crm-http.ts";
import { hubspot } from "./hubspot.ts";
import { recordedCall, refusal } from "./test-call.ts";
import { crmContract } from "./test-contract.ts";

crmContract("HubSpot", {
  start: startFakeHubspot,
  make: hubspot,
  cloud: "global",
  keys: { text: "jobtitle", email: "email", phone: "phone", name: "firstname" },
});

const signal = new AbortController().signal;
let fake: FakeHubspot;
let crm: Crm;
let call: CrmCall;
let asked: CrmRequest[];

beforeEach(async () => {
  fake = await startFakeHubspot();
  crm = hubspot(fake.url);
  ({ call, asked } = recordedCall(crm, fake));
});
afterEach(() => fake.close());

describe("HubSpot: signing in", () => {
  test("asks at HubSpot's own sign-in for the scopes it needs; the secret goes in the body alone", async () => {
    const real = hubspot().oauth!;
    const url = new URL(
      real.authorizeUrl({
        app: { clientId: "id", clientSecret: "secret" },
        cloud: "global",
        domain: null,
        state: "s",
        redirectUri: "https://portal.example/integrations/crm/callback",
        codeChallenge: "c",
      }),
    );
    expect(url.origin + url.pathname).toBe("https://app.hubspot.com/oauth/authorize");
    expect(url.href).not.toContain("secret");
    expect(url.searchParams.get("scope")!.split(" ")).toEqual(expect.arrayContaining(["oauth", "crm.objects.contacts.write"]));
    const http = crmHttp(createSafeFetch({ allow: [fake.url] }), { signal, readError: crm.readError!.bind(crm) });
    await crm.oauth!.refresh(http, { app: fake.app, cloud: "global", grant: fake.grant(), redirectUri: "" });
    expect(fake.requests.map(({ path }) => path)).toEqual(["/oauth/2026-03/token"]);
  });

  test("a code works once, and with the redirect address it was asked for", async () => {
    const http = crmHttp(createSafeFetch({ allow: [fake.url] }), { signal, readError: crm.readError!.bind(crm) });
    const redirectUri = "https://portal.example/integrations/crm/callback";
    const ask = { app: fake.app, cloud: "global", domain: null, state: "s", redirectUri, codeChallenge: "c" } as const;
    const exchange = (callback: URLSearchParams, to: string) =>
      crm.oauth!.exchangeCode(http, {
        app: fake.app,
        cloud: "global",
        code: callback.get("code")!,
        redirectUri: to,
        codeVerifier: "v",
        callback,
      });
    const first = await fake.authorize(crm.oauth!.authorizeUrl(ask));
    expect((await refusal(exchange(first, `${redirectUri}/`))).code).toBe("unauthorized");
    const second = await fake.authorize(crm.oauth!.authorizeUrl(ask));
    expect((await exchange(second, redirectUri)).apiUrl).toBe(fake.url);
    expect((await refusal(exchange(second, redirectUri))).code).toBe("unauthorized");
  });

  test.each(["", "token", "sk-live-0123456789012345678901", "pat-eu1-x y z 0123456789 0123456789", `pat-${"a".repeat(300)}`])(
    "no private app's token: %j",
    (token) => {
      expect(() => hubspot().token!.grantFrom({ token, domain: null, cloud: "global" })).toThrow(CrmError);
    },
  );
});

describe("HubSpot: limits", () => {
  test("stays below 100 in ten seconds and 5 searches a second, whatever the plan", () => {
    for (const [key, windowS, documented] of [
      ["requests", 10, 100],
      ["search", 1, 5],
    ] as const) {
      const limit = crm.limits.find((one) => one.key === key)!;
      expect(limit.burst + limit.perSecond * windowS).toBeLessThan(documented);
    }
  });

  test("a search takes from both limits, anything else from one", async () => {
    await crm.find(call, { email: null, phone: "+79161234567", externalId: null }, []);
    await crm.find(call, { email: "a@example.com", phone: null, externalId: null }, []);
    expect(asked.map(({ cost }) => cost)).toEqual([{ requests: 1, search: 1 }, undefined]);
  });

  test("the daily limit is another than that of ten seconds", async () => {
    fake.failNext({ status: 429, json: { status: "error", message: "You have reached your daily limit.", policyName: "DAILY" } });
    expect((await refusal(crm.account(call))).code).toBe("quota_exhausted");
    fake.failNext({ status: 429, json: { status: "error", policyName: "TEN_SECONDLY_ROLLING" } });
    expect((await refusal(crm.account(call))).code).toBe("rate_limited");
  });
});

describe("HubSpot: records", () => {
  test("a contact with the same e-mail is a conflict; an unknown or read-only property is refused in HubSpot's words", async () => {
    fake.addContact({ email: "anna@example.com" });
    const write = (fields: Record<string, string>) => crm.write(call, { object: "contact", externalId: null, fields, tags: [] });
    expect((await refusal(write({ email: "ANNA@example.com" }))).code).toBe("conflict");
    const unknown = await refusal(write({ no_such_thing: "x" }));
    expect(unknown).toMatchObject({ code: "invalid", detail: expect.stringContaining("PROPERTY_DOESNT_EXIST") });
    expect((await refusal(write({ createdate: "2020-01-01" }))).detail).toContain("READ_ONLY_VALUE");
    expect((await refusal(write({ email: "no e-mail" }))).detail).toContain("INVALID_EMAIL");
  });

  test("null clears a value", async () => {
    const anna = fake.addContact({ email: "anna@example.com", fields: { jobtitle: "Buyer" } });
    await crm.write(call, { object: "contact", externalId: anna.id, fields: { jobtitle: null }, tags: [] });
    expect((await crm.get(call, anna.id, ["jobtitle"]))!.fields).toEqual({ jobtitle: null });
  });

  test("a deal begins in the first stage by HubSpot's order, or in the one that is mapped", async () => {
    const anna = fake.addContact({ email: "anna@example.com" });
    const deal = (fields: Record<string, string>) =>
      crm.write(call, { object: "deal", externalId: null, contactId: anna.id, title: "Sale", fields, tags: [] });
    const first = await deal({});
    const second = await deal({ dealstage: "closedwon" });
    expect(fake.deals.get(first.externalId)!.fields).toMatchObject({ dealstage: "appointmentscheduled", pipeline: "default" });
    expect(fake.deals.get(second.externalId)!.fields).toMatchObject({ dealstage: "closedwon" });
    expect((await refusal(deal({ pipeline: "none" }))).code).toBe("invalid");
  });

  test("a deal or note on a contact that is gone says so", async () => {
    const error = await refusal(crm.write(call, { object: "note", externalId: null, contactId: "4711", text: "x" }));
    expect(error.code).toBe("not_found");
  });

  test("a note is HTML of which nothing was typed by a visitor, and a long one keeps its end", async () => {
    const anna = fake.addContact({ email: "anna@example.com" });
    const write = (text: string) => crm.write(call, { object: "note", externalId: null, contactId: anna.id, text });
    const short = await write("a < b & <img src=x onerror=alert(1)>\nzwei");
    expect(fake.notes.get(short.externalId)!.text).toBe("a &lt; b &amp; &lt;img src=x onerror=alert(1)&gt;<br>zwei");
    const marker = "https://portal.example/c/1";
    const long = await write(`${"Слово & дело\n".repeat(9_000)}${marker}`);
    expect(fake.notes.get(long.externalId)!.text.length).toBeLessThanOrEqual(65_536);
    expect(await crm.findMarked(call, "note", { contactId: anna.id, marker })).toMatchObject({ externalId: long.externalId });
  });

  test("looks at the newest 50 notes of a contact, in one batch of ids", async () => {
    const anna = fake.addContact({ email: "anna@example.com" });
    for (let n = 0; n < 520; n++)
      fake.notes.set(String(5000 + n), { id: String(5000 + n), contactId: anna.id, text: `mark-${n}-`, createdAt: n });
    expect(await crm.findMarked(call, "note", { contactId: anna.id, marker: "mark-519-" })).toMatchObject({ externalId: "5519" });
    expect(await crm.findMarked(call, "note", { contactId: anna.id, marker: "mark-469-" })).toBeNull();
    const inputs = (asked.find(({ path }) => path.endsWith("batch/read"))!.json as { inputs: unknown[] }).inputs;
    expect(inputs).toHaveLength(50);
  });

  test("finds a phone however it is written in either field; the oldest of several", async () => {
    fake.addContact({ email: "other@example.com", phone: "+1 916 123 4567" });
    const old = fake.addContact({ email: "old@example.com", phone: null, fields: { mobilephone: "8 (916) 123-45-67" } });
    fake.addContact({ email: "new@example.com", phone: "+7 916 123 45 67" });
    expect(await crm.find(call, { email: null, phone: "+79161234567", externalId: null }, [])).toMatchObject({ externalId: old.id });
  });

  test("ids that are none, and addresses that leave HubSpot, lead nowhere", async () => {
    for (const id of ["", "..", "../deals/1", "1?x=1", "1/associations/notes", "%2e%2e"]) expect(await crm.get(call, id, [])).toBeNull();
    expect(fake.requests).toEqual([]);
    fake.failNext({
      status: 200,
      json: { id: "1", properties: {}, updatedAt: "2026-01-01T00:00:00Z", url: "https://app.hubspot.com.evil.example/x" },
    });
    expect(await crm.get(call, "1", [])).toMatchObject({ externalId: "1", url: null });
  });
});

describe("HubSpot: pulling", () => {
  const pullSince = async (since: string | null) => {
    const ids: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page = await crm.pull(call, { since, cursor, fields: [] });
      ids.push(...page.contacts.map(({ externalId }) => externalId));
      cursor = page.next;
      pages++;
    } while (cursor && pages < 60);
    return ids;
  };

  test("the first page of all says how many there are", async () => {
    for (let n = 0; n < 130; n++) fake.addContact({ email: `p${n}@example.com` });
    expect((await crm.pull(call, { since: null, cursor: null, fields: [] })).total).toBe(130);
  });

  test("an increment has no end at 10,000 and passes nobody over who changes meanwhile", async () => {
    const base = Date.parse("2026-11-01T00:00:00Z");
    const all = Array.from({ length: 350 }, (_, n) =>
      fake.addContact({ email: `p${n}@example.com`, createdAt: base, updatedAt: base + n * 10 }),
    );
    const seen: string[] = [];
    let cursor: string | null = null;
    let first = true;
    do {
      const page = await crm.pull(call, { since: new Date(base).toISOString(), cursor, fields: [] });
      seen.push(...page.contacts.map(({ externalId }) => externalId));
      cursor = page.next;
      // Somebody edits twenty people of the first page: everything behind them moves up by twenty.
      if (first) for (const one of all.slice(0, 20)) one.updatedAt = base + 100_000 + Number(one.id);
      first = false;
    } while (cursor);
    expect(new Set(seen)).toEqual(new Set(all.map(({ id }) => id)));
    expect(asked.every(({ json }) => !(json as { after?: unknown }).after)).toBe(true);
    expect(fake.breaches()).toBe(0);
  });

  test("an import that changed 150 people in one millisecond comes through, each once", async () => {
    const at = Date.parse("2026-11-01T00:00:00Z");
    const all = Array.from({ length: 150 }, (_, n) => fake.addContact({ email: `p${n}@example.com`, createdAt: at, updatedAt: at }));
    const later = fake.addContact({ email: "later@example.com", createdAt: at, updatedAt: at + 1 });
    const ids = await pullSince(new Date(at).toISOString());
    expect(ids).toHaveLength(151);
    expect(new Set(ids)).toEqual(new Set([...all, later].map(({ id }) => id)));
  });

  test("a cursor that is not ours is refused", async () => {
    for (const cursor of ["x", "2026-01-01T00:00:00Z#", "2026-01-01T00:00:00Z#1 OR 1=1"]) {
      expect((await refusal(crm.pull(call, { since: "2026-01-01T00:00:00Z", cursor, fields: [] }))).code).toBe("invalid");
    }
    expect(fake.requests).toEqual([]);
  });
});

describe("HubSpot: webhooks", () => {
  const address = "https://portal.example/api/webhooks/hubspot";
  const now = Date.parse("2026-11-26T12:00:00Z");
  const secrets = (app: CrmApp | null = fake.app) => ({ app, connection: null, accountId: null });
  const verify = (request: InboundRequest, at = now) => crm.inbound!.verify(request, secrets(), at);
  const event = { subscriptionType: "contact.propertyChange", objectId: 11, propertyName: "email" };

  test("C3: five minutes, before and after: 299 s are taken, 301 s are not", () => {
    const request = fake.events([event], address, now);
    for (const [seconds, taken] of [
      [-299, true],
      [299, true],
      [-301, false],
      [301, false],
    ] as const)
      expect(verify(request, now + seconds * 1000)).toBe(taken);
  });

  test("C2: any byte of the body, the time, the address or the method changed is refused, and so is a header left out", () => {
    const url = `${address}?a=1&b=%D0%B9`;
    const request = fake.sign({ url, body: '[{"a": 1}]\n', at: now });
    expect(verify(request)).toBe(true);
    for (let n = 0; n < request.body.length; n++) {
      const body = Buffer.from(request.body);
      body[n] = body[n]! ^ 1;
      expect(verify({ ...request, body })).toBe(false);
    }
    for (let n = 0; n < url.length; n++) {
      const changed = url.slice(0, n) + String.fromCharCode(url.charCodeAt(n) ^ 1) + url.slice(n + 1);
      expect(verify({ ...request, url: changed })).toBe(false);
    }
    const time = String(now);
    for (let n = 0; n < time.length; n++) {
      const changed = time.slice(0, n) + String((Number(time[n]) + 1) % 10) + time.slice(n + 1);
      expect(verify({ ...request, headers: { ...request.headers, "x-hubspot-request-timestamp": changed } })).toBe(false);
    }
    for (const method of ["GET", "PUT", "post", "POSU", ""]) expect(verify({ ...request, method })).toBe(false);
    const reserialized = JSON.stringify(JSON.parse(request.body.toString()));
    expect(verify({ ...request, body: Buffer.from(reserialized) })).toBe(false);
    for (const name of ["x-hubspot-request-timestamp", "x-hubspot-signature-v3"]) {
      const { [name]: _, ...headers } = request.headers;
      expect(verify({ ...request, headers })).toBe(false);
      expect(verify({ ...request, headers: { ...headers, [name]: "" } })).toBe(false);
    }
    const older = { ...request.headers, "x-hubspot-signature-v3": request.headers["x-hubspot-signature"]! };
    expect(verify({ ...request, headers: older })).toBe(false);
  });

  test("of the address twelve characters are signed decoded, and no others", () => {
    const encoded = `${address}?q=%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B&s=%20%26%D0%B9%25`;
    const request = fake.sign({ url: encoded, body: "[]", at: now });
    expect(verify(request)).toBe(true);
    expect(verify({ ...request, url: encoded.replace("%3A", ":").replace("%2F", "/") })).toBe(true);
    expect(verify({ ...request, url: encoded.toLowerCase() })).toBe(false);
    expect(verify({ ...request, url: encoded.replace("%20", " ") })).toBe(false);
    expect(verify({ ...request, url: encoded.replace("%26", "&") })).toBe(false);
  });

  test("C1: without the app's secret nothing is taken", () => {
    const request = fake.events([event], address, now);
    for (const app of [null, { clientId: "x", clientSecret: "" }, { clientId: fake.app.clientId, clientSecret: "another" }])
      expect(crm.inbound!.verify(request, secrets(app), now)).toBe(false);
  });

  test("an event says whose it is, and keeps its id when it is sent again", () => {
    const first = crm.inbound!.events(fake.events([{ ...event, attemptNumber: 0 }], address, now));
    const again = crm.inbound!.events(fake.events([{ ...event, attemptNumber: 3 }], address, now));
    expect(again).toEqual(first);
    expect(first).toMatchObject([{ kind: "changed", contactId: "11", accountId: fake.account.externalId }]);
    const other = crm.inbound!.events(fake.events([{ ...event, portalId: 2 }], address, now));
    expect(other[0]!.id).not.toBe(first[0]!.id);
    expect(other[0]!.accountId).toBe("2");
  });

  test("merges, deletions and privacy deletions are told; what is not about contacts is left out", () => {
    const list = [
      { subscriptionType: "contact.merge", objectId: 5, primaryObjectId: 5, mergedObjectIds: [6, 7], newObjectId: 8 },
      { subscriptionType: "contact.deletion", objectId: 21 },
      { subscriptionType: "contact.privacyDeletion", objectId: 22 },
      { subscriptionType: "contact.restore", objectId: 23 },
      { subscriptionType: "object.deletion", objectTypeId: "0-1", objectId: 24 },
      { subscriptionType: "object.propertyChange", objectTypeId: "0-3", objectId: 25 },
      { subscriptionType: "deal.creation", objectId: 26 },
      { subscriptionType: "contact.creation", objectId: 27 },
    ];
    const told = crm.inbound!.events(fake.events(list, address, now));
    expect(told.map(({ kind, contactId }) => `${kind} ${contactId}`)).toEqual([
      "changed 8",
      "deleted 5",
      "deleted 6",
      "deleted 7",
      "deleted 21",
      "deleted 22",
      "changed 23",
      "deleted 24",
      "changed 27",
    ]);
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
  });

  test("one broken event among good ones loses no other", () => {
    const list = [event, { subscriptionType: "contact.creation", objectId: "no number" as unknown as number }, { ...event, objectId: 12 }];
    expect(crm.inbound!.events(fake.events(list, address, now)).map(({ contactId }) => contactId)).toEqual(["11", "12"]);
  });

  test("HubSpot sends at most 100 events at once", () => {
    const ids = Array.from({ length: 230 }, (_, n) => String(n + 1));
    const requests = fake.webhook!({ url: address, secret: "", contactIds: ids, kind: "changed", at: now });
    expect(requests).toHaveLength(3);
    expect(requests.flatMap((request) => crm.inbound!.events(request))).toHaveLength(230);
  });
});
