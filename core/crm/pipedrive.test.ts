import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakePipedrive, PIPEDRIVE_FIELDS, startFakePipedrive } from "../../e2e/fakes/crm/pipedrive.ts";
import { createSafeFetch } from "../safe-fetch.ts";
import type { Crm, CrmCall, CrmHttp, CrmRequest } from "./crm.ts";
import { CrmError } from "./crm-error.ts";
import { crmHttp } from "./crm-http.ts";
import { pipedrive } from "./pipedrive.ts";
import { recordedCall, refusal } from "./test-call.ts";
import { crmContract } from "./test-contract.ts";

crmContract("Pipedrive", {
  start: startFakePipedrive,
  make: pipedrive,
  cloud: "global",
  keys: { text: PIPEDRIVE_FIELDS.text, email: "email", phone: "phone", name: "name" },
});

const signal = new AbortController().signal;
let fake: FakePipedrive;
let crm: Crm;
let call: CrmCall;
let asked: CrmRequest[];

beforeEach(async () => {
  fake = await startFakePipedrive();
  crm = pipedrive(fake.url);
  ({ call, asked } = recordedCall(crm, fake));
});
afterEach(() => fake.close());

describe("Pipedrive: signing in", () => {
  const answering =
    (api_domain: string): CrmHttp =>
    async () => ({
      status: 200,
      headers: {},
      origin: "https://oauth.pipedrive.com",
      body: { access_token: "a", refresh_token: "r", expires_in: 3599, api_domain },
    });
  const exchange = (api_domain: string) =>
    pipedrive().oauth!.exchangeCode(answering(api_domain), {
      app: { clientId: "id", clientSecret: "secret" },
      cloud: "global",
      code: "c",
      redirectUri: "https://portal.example/integrations/crm/callback",
      codeVerifier: "v",
      callback: new URLSearchParams(),
    });

  test("E: the token goes to a company's own address at Pipedrive, or nowhere", async () => {
    expect((await exchange("https://acme.pipedrive.com")).apiUrl).toBe("https://acme.pipedrive.com");
    for (const domain of [
      "https://evil.example",
      "http://acme.pipedrive.com",
      "https://acme.pipedrive.com.evil.example",
      "https://evilpipedrive.com",
      "https://acme.pipedrive.com@evil.example",
      "https://acme.pipedrive.com:8443",
      "https://acme.pipedrive.com/x",
      "https://pipedrive.com",
      "https://127.0.0.1",
      "",
    ])
      expect((await refusal(exchange(domain))).code).toBe("invalid");
  });

  test("the client signs in by HTTP Basic; nothing secret is in an address or a body", async () => {
    const seen: Parameters<CrmHttp>[0][] = [];
    const http: CrmHttp = (request) => {
      seen.push(request);
      return crmHttp(createSafeFetch({ allow: [fake.url] }), { signal, readError: crm.readError!.bind(crm) })(request);
    };
    const grant = await crm.oauth!.refresh(http, { app: fake.app, cloud: "global", grant: fake.grant(), redirectUri: "" });
    await crm.oauth!.revoke!(http, { app: fake.app, cloud: "global", grant });
    for (const { url, form, headers } of seen) {
      expect(JSON.stringify([url, form])).not.toContain(fake.app.clientSecret);
      expect(headers!.authorization).toMatch(/^Basic /);
    }
  });

  test("a private token goes in x-api-token, with the company's address", () => {
    const real = pipedrive();
    const grant = real.token!.grantFrom({ token: fake.token, domain: "https://Acme-1.pipedrive.com/", cloud: "global" });
    expect(real.sign(grant)).toEqual({ baseUrl: "https://acme-1.pipedrive.com", headers: { "x-api-token": fake.token } });
    for (const token of ["", "short", `${fake.token}0`, `${fake.token.slice(0, -1)}g`])
      expect(() => real.token!.grantFrom({ token, domain: "acme.pipedrive.com", cloud: "global" })).toThrow(CrmError);
  });
});

describe("Pipedrive: limits", () => {
  test("stays below 20 requests and 10 searches in two seconds, as on the smallest plan", () => {
    for (const [key, documented] of [
      ["requests", 20],
      ["search", 10],
    ] as const) {
      const limit = crm.limits.find((one) => one.key === key)!;
      expect(limit.burst + limit.perSecond * 2).toBeLessThan(documented);
    }
  });

  test("two seconds' limit says when it is over; the day's budget is another; who is shut out waits", async () => {
    fake.failNext({ status: 429, headers: { "x-ratelimit-reset": "2", "x-daily-ratelimit-token-remaining": "12" }, json: {} });
    expect(await refusal(crm.account(call))).toMatchObject({ code: "rate_limited", retryAfterMs: 2_000 });
    fake.spendBudget();
    expect((await refusal(crm.account(call))).code).toBe("quota_exhausted");
    fake.shutOut();
    expect(await refusal(crm.account(call))).toMatchObject({ code: "rate_limited", retryAfterMs: 60_000 });
  });

  test("a permission that is missing is no limit", async () => {
    fake.failNext({ status: 403, json: { success: false, error: "Scope and URL mismatch" } });
    expect((await refusal(crm.account(call))).code).toBe("forbidden");
  });

  test("a search takes from both limits", async () => {
    await crm.find(call, { email: "a@example.com", phone: "+79161234567", externalId: null }, []);
    expect(asked.map(({ cost }) => cost)).toEqual([
      { requests: 1, search: 1 },
      { requests: 1, search: 1 },
    ]);
  });
});

describe("Pipedrive: records", () => {
  const contact = (externalId: string | null, fields: Record<string, string | number | null>, tags: string[] = []) =>
    crm.write(call, { object: "contact", externalId, fields, tags });

  test("fields of all pages are told, with keys that hold their type", async () => {
    const fields = await crm.fields(call, "contact");
    expect(fields.map(({ key }) => key)).toEqual([
      "name",
      "email",
      "phone",
      PIPEDRIVE_FIELDS.text,
      `${PIPEDRIVE_FIELDS.choice}.enum`,
      `${PIPEDRIVE_FIELDS.number}.double`,
    ]);
    expect(fields[4]!.choices).toEqual([
      { value: "10", label: "Small" },
      { value: "11", label: "Large" },
    ]);
  });

  test("values are written in the type of their field, and read back", async () => {
    const [choice, number] = [`${PIPEDRIVE_FIELDS.choice}.enum`, `${PIPEDRIVE_FIELDS.number}.double`];
    const { externalId } = await contact(null, { name: "Anna", [choice]: "11", [number]: "42.5" });
    expect((await crm.get(call, externalId, [choice, number]))!.fields).toEqual({ [choice]: 11, [number]: 42.5 });
    await contact(externalId, { [number]: null });
    expect((await crm.get(call, externalId, [choice, number]))!.fields).toEqual({ [choice]: 11, [number]: null });
    expect((await refusal(contact(externalId, { [choice]: "99" }))).code).toBe("invalid");
    expect((await refusal(contact(externalId, { no_such_field: "x" }))).detail).toContain("no_such_field");
  });

  test("an update keeps the other e-mails and phones; ours becomes the first and is there once", async () => {
    const anna = fake.addContact({ name: "Anna", email: "old@example.com", phone: "8 916 123-45-67" });
    await contact(anna.id, { email: "new@example.com", phone: "+79161234567" });
    await contact(anna.id, { email: "NEW@example.com" });
    expect(anna).toMatchObject({
      email: "NEW@example.com",
      phone: "+79161234567",
      fields: { otherEmails: "old@example.com", otherPhones: null },
    });
  });

  test("a person without a name is called by the e-mail or phone", async () => {
    await contact(null, { email: "a@example.com" });
    await contact(null, { phone: "+79161234567" });
    expect([...fake.contacts.values()].map(({ name }) => name)).toEqual(["a@example.com", "+79161234567"]);
  });

  test("tags are the account's labels: known ones are added, unknown ones left out", async () => {
    const { externalId } = await contact(null, { name: "Anna" }, ["Site", "unheard of"]);
    await contact(externalId, {}, ["hot lead"]);
    await contact(externalId, { name: "Anna B" }, ["unheard of"]);
    expect(fake.contacts.get(externalId)!.tags.sort()).toEqual(["Hot lead", "site"]);
    const deal = await crm.write(call, {
      object: "deal",
      externalId: null,
      contactId: externalId,
      title: "Sale",
      fields: {},
      tags: ["site"],
    });
    expect(fake.deals.get(deal.externalId)!.tags).toEqual(["site"]);
  });

  test("a deleted person, which Pipedrive still shows, is gone", async () => {
    const anna = fake.addContact({ email: "anna@example.com" });
    anna.deleted = true;
    expect(await crm.get(call, anna.id, [])).toBeNull();
  });

  test("of several with one e-mail the oldest is found", async () => {
    const old = fake.addContact({ email: "anna@example.com" });
    fake.addContact({ email: "Anna@example.com" });
    expect(await crm.find(call, { email: "anna@example.com", phone: null, externalId: null }, [])).toMatchObject({ externalId: old.id });
  });

  test("more than 15 fields are asked for all at once", async () => {
    const anna = fake.addContact({ email: "anna@example.com", fields: { [PIPEDRIVE_FIELDS.text]: "x" } });
    const many = Array.from({ length: 16 }, (_, n) => String(n).padStart(40, "0"));
    expect((await crm.get(call, anna.id, [...many, PIPEDRIVE_FIELDS.text]))!.fields[PIPEDRIVE_FIELDS.text]).toBe("x");
    expect(asked.at(-1)!.query!.custom_fields).toBeUndefined();
  });

  test("a note says only what was written: HTML in it is text", async () => {
    const anna = fake.addContact({ email: "anna@example.com" });
    const note = await crm.write(call, { object: "note", externalId: null, contactId: anna.id, text: "<script>1</script>\n&" });
    expect(fake.notes.get(note.externalId)!.text).toBe("&lt;script&gt;1&lt;/script&gt;<br>&amp;");
  });

  test("ids that are none lead nowhere", async () => {
    for (const id of ["", "..", "search", "1/merge", "-1"]) expect(await crm.get(call, id, [])).toBeNull();
    expect(fake.requests).toEqual([]);
  });

  test("nobody is passed over who changes while pages are read", async () => {
    const at = Date.parse("2026-11-01T00:00:00Z");
    const all = Array.from({ length: 250 }, (_, n) =>
      fake.addContact({ email: `p${n}@example.com`, createdAt: at, updatedAt: at + (n % 3) * 1000 }),
    );
    const since = new Date(at).toISOString();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await crm.pull(call, { since, cursor, fields: [] });
      seen.push(...page.contacts.map(({ externalId }) => externalId));
      if (!cursor) for (const one of all.slice(0, 20)) one.updatedAt = at + 60_000;
      cursor = page.next;
    } while (cursor);
    expect(new Set(seen)).toEqual(new Set(all.map(({ id }) => id)));
  });
});

describe("Pipedrive: webhooks", () => {
  const url = "https://portal.example/api/webhooks/0198c0de-0000-7000-8000-000000000002";
  const secret = "k".repeat(43);
  const verify = (authorization: string | undefined, connection: string | null = secret) =>
    crm.inbound!.verify(
      { method: "POST", url, headers: authorization === undefined ? {} : { authorization }, body: Buffer.from("{}") },
      { app: fake.app, connection, accountId: null },
      Date.now(),
    );
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

  test("subscribes to persons with a name and password of ours, and ends it", async () => {
    const subscription = await crm.inbound!.subscribe!(call, { url, secret });
    const [made] = [...fake.webhooks.values()];
    expect(made).toEqual({ url, user: "gpt-agent", password: secret });
    expect(verify(basic(`${made!.user}:${made!.password}`))).toBe(true);
    await crm.inbound!.unsubscribe!(call, subscription);
    expect(fake.webhooks.size).toBe(0);
    await crm.inbound!.unsubscribe!(call, subscription);
  });

  test("C2: any character of the password changed, another scheme or none is refused", () => {
    expect(verify(basic(`gpt-agent:${secret}`))).toBe(true);
    for (let n = 0; n < secret.length; n++) expect(verify(basic(`gpt-agent:${secret.slice(0, n)}x${secret.slice(n + 1)}`))).toBe(false);
    for (const given of [
      undefined,
      "",
      "Basic",
      basic(""),
      basic(":"),
      basic(secret),
      basic(`other:${secret}`),
      basic(`gpt-agent:${secret} `),
      `Bearer ${secret}`,
    ])
      expect(verify(given)).toBe(false);
    expect(verify(basic("gpt-agent:"), "")).toBe(false);
    expect(verify(basic("gpt-agent:null"), null)).toBe(false);
  });

  const events = (meta: { action: "create" | "change" | "delete"; entity: string; entity_id: string } & Record<string, unknown>) =>
    crm.inbound!.events(fake.notice({ url, user: "gpt-agent", password: secret, meta }));

  test("created, changed, deleted, merged; what is not about persons is left out", () => {
    expect(events({ action: "create", entity: "person", entity_id: "5" })).toMatchObject([{ kind: "changed", contactId: "5" }]);
    expect(events({ action: "delete", entity: "person", entity_id: "6", merged_to_id: "7" })).toMatchObject([
      { kind: "deleted", contactId: "6" },
    ]);
    expect(events({ action: "change", entity: "person", entity_id: "7", merged_from_id: "6" })).toMatchObject([
      { kind: "changed", contactId: "7" },
    ]);
    expect(events({ action: "change", entity: "deal", entity_id: "8" })).toEqual([]);
  });

  test("a second attempt has the id of the first", () => {
    const [first] = events({ action: "change", entity: "person", entity_id: "5", attempt: 1 });
    const [second] = events({ action: "change", entity: "person", entity_id: "5", attempt: 2 });
    expect(second).toEqual(first);
  });

  test("T57: an id that is none is malformed", () => {
    for (const entity_id of ["../1", "", "1 OR 1=1"])
      expect(() => events({ action: "change", entity: "person", entity_id })).toThrow(CrmError);
  });
});
