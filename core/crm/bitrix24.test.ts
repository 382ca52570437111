import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeBitrix24, startBitrix24 } from "../../e2e/fakes/crm/bitrix24.ts";
import { createSafeFetch } from "../safe-fetch.ts";
import { bitrix24 } from "./bitrix24.ts";
import type { Crm, CrmCall, CrmGrant, CrmHttp } from "./crm.ts";
import { CrmError } from "./crm-error.ts";
import { crmCall, crmHttp } from "./crm-http.ts";
import { crmContract } from "./test-contract.ts";

const TEXT = "UF_CRM_1720697698689";
const keys = { text: TEXT, email: "EMAIL", phone: "PHONE", name: "name" };
const start = () => startBitrix24({ limit: { count: 10_000, ms: 1_000 } });

crmContract("Bitrix24 (ru)", { start, make: bitrix24, cloud: "ru", keys });
crmContract("Bitrix24 (global)", { start, make: bitrix24, cloud: "global", keys });

describe("Bitrix24", () => {
  const real = bitrix24();
  const app = { clientId: "local.1", clientSecret: "secret" };
  let fake: FakeBitrix24;
  let crm: Crm;
  let call: CrmCall;
  beforeEach(async () => {
    fake = await start();
    crm = bitrix24(fake.url);
    call = callWith(fake.grant());
  });
  afterEach(() => fake.close());

  const callWith = (grant: CrmGrant, renew?: (old: CrmGrant) => Promise<CrmGrant>): CrmCall =>
    crmCall(bitrix24(fake.url), createSafeFetch({ allow: [fake.url] }), {
      signal: new AbortController().signal,
      grant: async () => grant,
      renew: renew ?? (async () => Promise.reject(new CrmError("unauthorized", "nothing to renew"))),
      admit: async () => {},
      slowDown: async () => {},
    });
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => "ok",
      (error: CrmError) => error.code,
    );

  describe("E: addresses", () => {
    const query = { app, state: "s", redirectUri: "https://p.example/back", codeChallenge: "c" };

    test.each([
      ["acme.bitrix24.ru", "ru", "https://acme.bitrix24.ru"],
      ["acme", "ru", "https://acme.bitrix24.ru"],
      ["https://B24-x1.bitrix24.com/crm/", "global", "https://b24-x1.bitrix24.com"],
      ["acme.bitrix24.com.br", "global", "https://acme.bitrix24.com.br"],
      ["acme.bitrix24.kz", "global", "https://acme.bitrix24.kz"],
    ] as const)("%s signs in at its own address in %s", (domain, cloud, origin) => {
      const url = real.oauth!.authorizeUrl({ ...query, cloud, domain });
      expect(url).toBe(`${origin}/oauth/authorize/?client_id=local.1&response_type=code&state=s`);
    });

    const foreign = [
      ["", "ru"],
      ["bitrix24.ru", "ru"],
      ["www.bitrix24.ru", "ru"],
      ["acme.bitrix24.com", "ru"],
      ["acme.bitrix24.ru", "global"],
      ["acme.bitrix24.net", "global"],
      ["evilbitrix24.ru", "ru"],
      ["acme.bitrix24.ru.evil.example", "ru"],
      ["evil.example#.bitrix24.ru", "ru"],
      ["evil.example?.bitrix24.ru", "ru"],
      ["evil.example\\.bitrix24.ru", "ru"],
      ["evil.example%2f.bitrix24.ru", "ru"],
      ["user:pass@acme.bitrix24.ru", "ru"],
      ["acme.bitrix24.ru:8443", "ru"],
      ["a.b.bitrix24.ru", "ru"],
      ["аcme.bitrix24.ru", "ru"],
      ["http://acme.bitrix24.ru", "ru"],
      ["169.254.169.254", "ru"],
    ] as const;
    test.each(foreign)("%j is none of %s", (domain, cloud) => {
      expect(() => real.oauth!.authorizeUrl({ ...query, cloud, domain })).toThrow(CrmError);
      expect(() => real.token!.grantFrom({ token: `https://${domain}/rest/1/abcdefgh12345678/`, domain: null, cloud })).toThrow(CrmError);
    });

    test.each([
      "http://acme.bitrix24.ru/rest/1/abcdefgh12345678/",
      "https://acme.bitrix24.ru/rest/1/abcdefgh12345678/crm.item.list",
      "https://acme.bitrix24.ru/rest/1/abcdefgh12345678/?auth=1",
      "https://acme.bitrix24.ru/rest/1/abcdefgh12345678/#x",
      "https://acme.bitrix24.ru/rest/1/../../admin/",
      "https://acme.bitrix24.ru/rest/1/abc%2e%2e12345678/",
      "https://acme.bitrix24.ru/rest/x/abcdefgh12345678/",
      "https://acme.bitrix24.ru//rest/1/abcdefgh12345678/",
      "https://acme.bitrix24.ru\\@evil.example/rest/1/abcdefgh12345678/",
      "acme.bitrix24.ru/rest/1/abcdefgh12345678/",
      "https://acme.bitrix24.ru/rest/1/short/",
    ])("%s is no address of an inbound webhook", (token) => {
      expect(() => real.token!.grantFrom({ token, domain: null, cloud: "ru" })).toThrow(CrmError);
    });

    test("the address of an inbound webhook is the token and says where the account is", () => {
      const grant = real.token!.grantFrom({ token: " https://Acme.bitrix24.ru/rest/17/AbCdefgh12345678 \n", domain: null, cloud: "ru" });
      expect(grant).toMatchObject({ apiUrl: "https://acme.bitrix24.ru", accessToken: "https://acme.bitrix24.ru/rest/17/AbCdefgh12345678" });
      expect(real.sign(grant)).toEqual({ baseUrl: "https://acme.bitrix24.ru/rest/17/AbCdefgh12345678", headers: {} });
    });

    const exchange = (client_endpoint: unknown, cloud: "ru" | "global") => {
      const asked: string[] = [];
      const http: CrmHttp = async ({ url }) => {
        asked.push(url);
        const body = { access_token: "a", refresh_token: "r", expires_in: 3600, client_endpoint };
        return { status: 200, headers: {}, body, origin: "" };
      };
      const given = { app, cloud, code: "c", redirectUri: "https://p.example", codeVerifier: "v" };
      const callback = new URLSearchParams({ domain: "evil.example", server_domain: "evil.example" });
      return { asked, grant: real.oauth!.exchangeCode(http, { ...given, callback }) };
    };

    test("our secret goes to the cloud's authorization server alone, whatever comes back with the code", async () => {
      const ru = exchange("https://acme.bitrix24.ru/rest/", "ru");
      expect(await ru.grant).toMatchObject({ apiUrl: "https://acme.bitrix24.ru" });
      expect(ru.asked).toEqual(["https://oauth.bitrix24.tech/oauth/token/"]);
      const global = exchange("https://acme.bitrix24.de/rest/", "global");
      expect(await global.grant).toMatchObject({ apiUrl: "https://acme.bitrix24.de" });
      expect(global.asked).toEqual(["https://oauth.bitrix.info/oauth/token/"]);
    });

    test.each([
      "https://evil.example/rest/",
      "http://acme.bitrix24.ru/rest/",
      "https://acme.bitrix24.ru:444/rest/",
      "file:///etc/passwd",
      7,
    ])("an account at %s is refused", async (endpoint) => {
      expect(await codeOf(exchange(endpoint, "ru").grant)).toMatch(/^(invalid|malformed)$/);
    });
  });

  test("an account that has moved asks for a refresh, which tells where it is now, instead of following a redirect", async () => {
    const asked: CrmGrant[] = [];
    const old = fake.grant();
    fake.move();
    const moved = callWith(old, async (refused) => {
      asked.push(refused);
      throw new CrmError("unauthorized", "nothing to renew");
    });
    expect(await codeOf(crm.account(moved))).toBe("unauthorized");
    expect(asked).toEqual([old]);
    const webhook = crm.token!.grantFrom({ token: fake.token, domain: null, cloud: "ru" });
    expect(await codeOf(crm.account(callWith(webhook)))).toBe("unauthorized");
  });

  test.each([
    [503, "QUERY_LIMIT_EXCEEDED", { code: "rate_limited", retryAfterMs: 5_000 }],
    [429, "OPERATION_TIME_LIMIT", { code: "rate_limited", retryAfterMs: 60_000 }],
    [200, "QUERY_LIMIT_EXCEEDED", { code: "rate_limited" }],
    [401, "expired_token", { code: "unauthorized" }],
    [401, "NO_AUTH_FOUND", { code: "unauthorized" }],
    [400, "invalid_grant", { code: "unauthorized" }],
    [401, "ACCESS_DENIED", { code: "forbidden" }],
    [401, "insufficient_scope", { code: "forbidden" }],
    [401, "INSUFFICIENT_SCOPE", { code: "forbidden" }],
    [401, "OVERLOAD_LIMIT", { code: "forbidden" }],
    [404, "ERROR_METHOD_NOT_FOUND", { code: "forbidden" }],
    [400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", { code: "invalid", detail: "Значение не подходит" }],
    [400, "__proto__", { code: "invalid" }],
    [500, "INTERNAL_SERVER_ERROR", { code: "unavailable" }],
    [502, "expired_token", { code: "unavailable" }],
  ])("an answer %i %s is %j", async (status, error, expected) => {
    fake.failNext({ status, json: { error, error_description: "Значение не подходит" } });
    const failure = await crm.account(call).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject(expected);
  });

  test("a contact is not gone because a method is missing", async () => {
    const anna = fake.addContact({});
    fake.failNext({ status: 404, json: { error: "ERROR_METHOD_NOT_FOUND", error_description: "Method not found!" } });
    expect(await codeOf(crm.get(call, anna.id, []))).toBe("forbidden");
  });

  test("the token goes in the body, never in an address", async () => {
    const sent: { url: string; body: unknown }[] = [];
    const fetch = createSafeFetch({ allow: [fake.url] });
    const grant = fake.grant();
    const spying = crmCall(
      crm,
      (url, request) => {
        sent.push({ url, body: request?.body });
        return fetch(url, request);
      },
      {
        signal: new AbortController().signal,
        grant: async () => grant,
        renew: async () => grant,
        admit: async () => {},
        slowDown: async () => {},
      },
    );
    await crm.account(spying);
    expect(sent[0]!.url).toBe(`${fake.url}/rest/profile`);
    expect(sent[0]!.body).toBe(JSON.stringify({ auth: grant.accessToken }));
  });

  test("ids that are no numbers are sent nowhere", async () => {
    for (const id of ["1&fields[x]=1", "1;2", "", "0", "1.5", " 1", "١"]) {
      expect(await crm.get(call, id, [])).toBeNull();
      for (const object of ["contact", "deal", "note"] as const) expect(await codeOf(crm.remove(call, object, id))).toBe("not_found");
      expect(await codeOf(crm.write(call, { object: "note", externalId: null, contactId: id, text: "x" }))).toBe("not_found");
    }
    expect(fake.requests).toEqual([]);
  });

  test("an update keeps a contact's other phones, and adds none that is there", async () => {
    const anna = fake.addContact({ name: "Anna", phone: "8 916 123-45-67" });
    const write = (fields: Record<string, string | null>) => crm.write(call, { object: "contact", externalId: anna.id, fields, tags: [] });
    const phones = () => fake.communications(anna.id, "PHONE").map(({ value }) => value);
    await write({ PHONE: "+79161234567", [TEXT]: "a" });
    expect(phones()).toEqual(["8 916 123-45-67"]);
    await write({ PHONE: "+79260000000", EMAIL: "anna@example.com" });
    await write({ PHONE: "+79260000000", EMAIL: "Anna@example.com" });
    expect(phones()).toEqual(["8 916 123-45-67", "+79260000000"]);
    expect(fake.communications(anna.id, "EMAIL")).toHaveLength(1);
    await write({ PHONE: null });
    expect(phones()).toEqual([]);
    expect(anna.email).toBe("anna@example.com");
  });

  test("finds a Russian number that is written with 8, the oldest of several, and by an external key", async () => {
    const anna = fake.addContact({ phone: "8 (916) 123-45-67", fields: { originId: "u-1" } });
    fake.addContact({ phone: "+7 916 123 45 67" });
    expect(await crm.find(call, { email: null, phone: "+79161234567", externalId: null }, [])).toMatchObject({ externalId: anna.id });
    expect(await crm.find(call, { email: "none@example.com", phone: null, externalId: "u-1" }, [])).toMatchObject({ externalId: anna.id });
    expect(await crm.find(call, { email: null, phone: null, externalId: "u-2" }, [])).toBeNull();
  });

  test("what a visitor writes is text to Bitrix24, no BB code", async () => {
    const anna = fake.addContact({});
    const text = "[url=https://evil.example]Your invoice[/url] [b]x[/b] [1] a[0] [*]";
    const { externalId } = await crm.write(call, { object: "note", externalId: null, contactId: anna.id, text });
    const kept = fake.notes.get(externalId)!.text;
    expect(kept).not.toMatch(/\[[a-z/*]/i);
    expect(kept.replaceAll("\u2060", "")).toBe(text);
    expect(kept).toContain("[1] a[0]");
    await crm.write(call, { object: "contact", externalId: anna.id, fields: { comments: "[user=1]x[/user]" }, tags: [] });
    expect(anna.fields.comments).toBe("[\u2060user=1]x[\u2060/user]");
  });

  test("a key that is no field's, or that hands records to others, is refused before anything is sent", async () => {
    for (const key of ["__proto__", "fm", "id", "contactId", "contactIds", "assignedById", "UF CRM", "name]", "a".repeat(80)]) {
      const fields = JSON.parse(`{${JSON.stringify(key)}:"x"}`);
      expect(await codeOf(crm.write(call, { object: "contact", externalId: null, fields, tags: [] })), key).toBe("invalid");
    }
    expect(fake.requests).toEqual([]);
  });

  test("reads fields as the editor shows them", async () => {
    const fields = await crm.fields(call, "contact");
    expect(fields.slice(0, 4).map(({ key }) => key)).toEqual(["name", "lastName", "PHONE", "EMAIL"]);
    expect(fields.find(({ key }) => key === "updatedTime")).toMatchObject({ writable: false, type: "date" });
    expect(fields.find(({ key }) => key === "UF_CRM_1720697698690")).toMatchObject({
      type: "choice",
      choices: [{ value: "45", label: "Новый" }],
    });
    expect(fields.map(({ key }) => key)).not.toContain("assignedById");
  });

  test("a contact that changes while others are pulled leaves none out; one that is deleted meanwhile is passed over", async () => {
    const t0 = Date.parse("2026-01-01T00:00:00Z");
    const all = Array.from({ length: 130 }, (_, n) =>
      fake.addContact({ email: `p${n}@example.com`, updatedAt: t0 + Math.floor(n / 60) * 1000 }),
    );
    const seen: string[] = [];
    let cursor: string | null = null;
    let total: number | null = null;
    do {
      const page = await crm.pull(call, { since: null, cursor, fields: [] });
      total ??= page.total;
      seen.push(...page.contacts.map(({ externalId }) => externalId));
      if (cursor === null) {
        for (const one of all.slice(0, 10)) fake.change(one.id, { name: "Changed" });
        all.splice(100, 1).forEach((one) => void fake.contacts.delete(one.id));
      }
      cursor = page.next;
    } while (cursor && seen.length < 1_000);
    expect(total).toBe(130);
    expect(new Set(seen)).toEqual(new Set(all.map(({ id }) => id)));
    // Fifty at a time, two requests each: far below what asking one by one would take.
    expect(fake.requests.length).toBeLessThanOrEqual(6);
    for (const cursor of ["x", "2026-01-01T00:00:00+03:00|1|2", "2026-01-01T00:00:00+03:00|0"])
      expect(await codeOf(crm.pull(call, { since: null, cursor, fields: [] }))).toBe("invalid");
  });

  test("API10: a list in another order than asked is not gone through for ever", async () => {
    const items = Array.from({ length: 50 }, (_, n) => ({ id: n + 1, updatedTime: "2026-01-01T00:00:00+03:00" }));
    for (const cursor of ["2026-01-01T00:00:00+03:00|50", "2026-01-01T00:00:00+02:00|1"]) {
      fake.failNext({ status: 200, json: { result: { items } } }, { status: 200, json: { result: { result: [], result_error: [] } } });
      expect(await codeOf(crm.pull(call, { since: null, cursor, fields: [] }))).toBe("malformed");
    }
  });

  test("a failure inside a batch is one of the whole page, so that nobody is left out", async () => {
    fake.addContact({});
    const page = { result: { items: [{ id: 1, updatedTime: "2026-01-01T00:00:00+03:00" }] }, total: 1 };
    const broken = {
      result: { result: [], result_error: { c1: { error: "OPERATION_TIME_LIMIT", error_description: "Method is blocked" } } },
    };
    fake.failNext({ status: 200, json: page }, { status: 200, json: broken });
    expect(await codeOf(crm.pull(call, { since: null, cursor: null, fields: [] }))).toBe("rate_limited");
    fake.failNext(
      { status: 200, json: page },
      { status: 200, json: { result: { result: { c1: { item: { id: "x" } } }, result_error: [] } } },
    );
    expect(await codeOf(crm.pull(call, { since: null, cursor: null, fields: [] }))).toBe("malformed");
  });

  test("our bucket stays below theirs; the fifty-first at once is refused", async () => {
    const { burst, perSecond } = crm.limits[0]!;
    expect(burst).toBeLessThan(50);
    expect(perSecond).toBeLessThanOrEqual(2);
    const strict = await startBitrix24();
    try {
      const egress = createSafeFetch({ allow: [strict.url] });
      const json = { auth: strict.grant().accessToken };
      const ask = () => {
        const http = crmHttp(egress, { signal: new AbortController().signal, readError: crm.readError!.bind(crm) });
        return codeOf(http({ method: "POST", url: `${strict.url}/rest/profile`, json }));
      };
      const codes = await Promise.all(Array.from({ length: 60 }, ask));
      expect(codes.filter((code) => code === "ok").length).toBeGreaterThanOrEqual(50);
      expect(codes.filter((code) => code === "rate_limited").length).toBeGreaterThan(0);
    } finally {
      await strict.close();
    }
  });

  describe("events", () => {
    const url = "https://portal.example/api/webhooks/0198c0de";
    const secret = "s".repeat(32);

    test("binds three with our secret in the address, keeps none of it, and unbinds its own alone", async () => {
      const other = { event: "ONCRMCONTACTUPDATE", handler: "https://portal.example/api/webhooks/another?secret=x" };
      fake.handlers.push(other);
      const subscription = await crm.inbound!.subscribe!(call, { url, secret });
      expect(subscription).not.toContain(secret);
      expect(fake.handlers.map(({ event }) => event).sort()).toEqual(
        ["ONCRMCONTACTADD", "ONCRMCONTACTDELETE", "ONCRMCONTACTUPDATE", "ONCRMCONTACTUPDATE"].sort(),
      );
      expect(fake.handlers[1]!.handler).toBe(`${url}?secret=${secret}`);
      await crm.inbound!.subscribe!(call, { url, secret });
      expect(fake.handlers).toHaveLength(4);
      await crm.inbound!.unsubscribe!(call, subscription);
      expect(fake.handlers).toEqual([other]);
    });

    test("an inbound webhook may bind none: the reason is told", async () => {
      const grant = crm.token!.grantFrom({ token: fake.token, domain: null, cloud: "ru" });
      expect(await codeOf(crm.inbound!.subscribe!(callWith(grant), { url, secret }))).toBe("forbidden");
    });

    test("C1: the secret alone is not enough: the event comes from our account, with an application token", () => {
      const [request] = fake.webhook!({ url, secret, contactIds: ["11"], kind: "changed" });
      const secrets = { app: null, connection: secret, accountId: fake.account.externalId };
      const verify = (change: (form: URLSearchParams) => void) => {
        const form = new URLSearchParams(request!.body.toString());
        change(form);
        return crm.inbound!.verify({ ...request!, body: Buffer.from(form.toString()) }, secrets, Date.now());
      };
      expect(verify(() => {})).toBe(true);
      expect(verify((form) => form.set("auth[domain]", "evil.bitrix24.ru"))).toBe(false);
      expect(verify((form) => form.delete("auth[domain]"))).toBe(false);
      expect(verify((form) => form.delete("auth[application_token]"))).toBe(false);
      expect(crm.inbound!.verify({ ...request!, url }, secrets, Date.now())).toBe(false);
      expect(crm.inbound!.verify({ ...request!, url: `${url}?secret=${"t".repeat(32)}` }, secrets, Date.now())).toBe(false);
    });

    test("an event is the same when it is repeated, and holds none of the tokens that came with it", () => {
      const events = (at: number) =>
        fake.webhook!({ url, secret, contactIds: ["11"], kind: "changed", at }).flatMap((request) => crm.inbound!.events(request));
      expect(events(1_700_000_000_000)).toEqual(events(1_700_000_000_000));
      expect(events(1_700_000_000_000)[0]!.id).not.toBe(events(1_700_000_001_000)[0]!.id);
      expect(JSON.stringify(events(1_700_000_000_000))).not.toContain("s6p6eclrvim6da22ft9ch94ekreb52lv");
      const body = (text: string) => ({ method: "POST", url, headers: {}, body: Buffer.from(text) });
      expect(crm.inbound!.events(body("event=ONCRMDEALADD&data[FIELDS][ID]=1&ts=1"))).toEqual([]);
      expect(crm.inbound!.events(body("event=__proto__"))).toEqual([]);
      expect(() => crm.inbound!.events(body("event=ONCRMCONTACTADD&data[FIELDS][ID]=../1&ts=1"))).toThrow(CrmError);
    });
  });
});
