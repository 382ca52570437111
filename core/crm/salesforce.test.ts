import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeSalesforce, startFakeSalesforce } from "../../e2e/fakes/crm/salesforce.ts";
import { createSafeFetch } from "../safe-fetch.ts";
import type { Crm, CrmCall, CrmGrant, CrmHttp, CrmRequest } from "./crm.ts";
import { CrmError } from "./crm-error.ts";
import { crmHttp } from "./crm-http.ts";
import { salesforce } from "./salesforce.ts";
import { soqlText } from "./soql.ts";
import { recordedCall, refusal } from "./test-call.ts";
import { crmContract } from "./test-contract.ts";

crmContract("Salesforce", {
  start: startFakeSalesforce,
  make: salesforce,
  cloud: "global",
  keys: { text: "Title", email: "Email", phone: "Phone", name: "LastName" },
});

const signal = new AbortController().signal;
let fake: FakeSalesforce;
let crm: Crm;
let call: CrmCall;
let asked: CrmRequest[];

beforeEach(async () => {
  fake = await startFakeSalesforce();
  crm = salesforce(fake.url);
  ({ call, asked } = recordedCall(crm, fake));
});
afterEach(() => fake.close());

describe("Salesforce: signing in", () => {
  const app = { clientId: "id", clientSecret: "secret" };
  const redirectUri = "https://portal.example/integrations/crm/callback";
  const answering =
    (instance_url: string, more: object = { refresh_token: "r" }): CrmHttp =>
    async () => ({
      status: 200,
      headers: {},
      origin: "https://login.salesforce.com",
      body: { access_token: "a", instance_url, ...more },
    });
  const exchange = (http: CrmHttp, domain?: string) =>
    salesforce().oauth!.exchangeCode(http, {
      app,
      cloud: "global",
      code: "c",
      redirectUri,
      codeVerifier: "v".repeat(43),
      callback: new URLSearchParams(),
      ...(domain === undefined ? {} : { domain }),
    });

  test("E: the token goes to the account's own address at Salesforce, or nowhere", async () => {
    for (const instance of [
      "https://acme.my.salesforce.com",
      "https://na1.salesforce.com",
      "https://acme--uat.sandbox.my.salesforce.com",
      "https://acme.lightning.force.com",
    ])
      expect((await exchange(answering(instance))).apiUrl).toBe(instance);
    for (const instance of [
      "https://evil.example",
      "http://acme.my.salesforce.com",
      "https://acme.my.salesforce.com.evil.example",
      "https://evilsalesforce.com",
      "https://acme.my.salesforce.com@evil.example",
      "https://acme.my.salesforce.com:8443",
      "https://acme.my.salesforce.com/x",
      "https://salesforce.com",
      "https://127.0.0.1",
      "",
    ])
      expect((await refusal(exchange(answering(instance)))).code).toBe("invalid");
  });

  test("asks with a PKCE challenge at login.salesforce.com, or at the account's own address; nowhere else", async () => {
    const ask = (domain: string | null) =>
      new URL(salesforce().oauth!.authorizeUrl({ app, cloud: "global", domain, state: "s", redirectUri, codeChallenge: "challenge" }));
    expect(ask(null).origin).toBe("https://login.salesforce.com");
    expect(Object.fromEntries(ask(null).searchParams)).toMatchObject({ code_challenge: "challenge", code_challenge_method: "S256" });
    expect(ask("Acme.my.salesforce.com").origin).toBe("https://acme.my.salesforce.com");
    expect(ask("test.salesforce.com").origin).toBe("https://test.salesforce.com");
    for (const shown of ["my.salesforce.com", "lightning.force.com", "my.salesforce-setup.com"])
      expect(ask(`acme--uat.sandbox.${shown}`).origin).toBe("https://acme--uat.sandbox.my.salesforce.com");
    for (const domain of [
      "evil.example",
      "my.salesforce.com.evil.example",
      "acme.my.salesforce.com/x",
      "x@evil.example",
      "my.salesforce.com",
      "lightning.force.com",
      "acme.lightning.force.com.evil.example",
      "acme.force.com",
    ])
      for (const crm of [salesforce(), salesforce(fake.url)])
        expect(() => crm.oauth!.authorizeUrl({ app, cloud: "global", domain, state: "s", redirectUri, codeChallenge: "c" })).toThrow(
          CrmError,
        );
    const seen: string[] = [];
    await exchange((request) => {
      seen.push(request.url);
      return answering("https://acme.my.salesforce.com")(request);
    }, "acme.my.salesforce.com");
    expect(seen).toEqual(["https://acme.my.salesforce.com/services/oauth2/token"]);
  });

  test("a code with another verifier is refused", async () => {
    const http = crmHttp(createSafeFetch({ allow: [fake.url] }), { signal, readError: crm.readError!.bind(crm) });
    const callback = await fake.authorize(
      crm.oauth!.authorizeUrl({
        app: fake.app,
        cloud: "global",
        domain: null,
        state: "s",
        redirectUri,
        codeChallenge: "of-another-verifier",
      }),
    );
    const given = {
      app: fake.app,
      cloud: "global",
      code: callback.get("code")!,
      redirectUri,
      codeVerifier: "v".repeat(43),
      callback,
    } as const;
    expect((await refusal(crm.oauth!.exchangeCode(http, given))).code).toBe("unauthorized");
  });

  test("an app whose refresh tokens do not rotate keeps the one it has", async () => {
    const still = await startFakeSalesforce({ rotates: false });
    try {
      const adapter = salesforce(still.url);
      const http = crmHttp(createSafeFetch({ allow: [still.url] }), { signal, readError: adapter.readError!.bind(adapter) });
      const first: CrmGrant = still.grant();
      const second = await adapter.oauth!.refresh(http, { app: still.app, cloud: "global", grant: first, redirectUri });
      expect(second.refreshToken).toBe(first.refreshToken);
      expect(second.accessToken).not.toBe(first.accessToken);
    } finally {
      await still.close();
    }
  });

  test("an app without the scope for refresh tokens says so", async () => {
    const error = await refusal(exchange(answering("https://acme.my.salesforce.com", {})));
    expect(error).toMatchObject({ code: "invalid", detail: expect.stringContaining("refresh_token") });
  });
});

describe("Salesforce: limits", () => {
  test("the day's end and too many at once are told apart", async () => {
    fake.failNext({
      status: 403,
      json: [{ errorCode: "REQUEST_LIMIT_EXCEEDED", message: "ConcurrentRequests (Concurrent API Requests) Limit exceeded." }],
    });
    expect(await refusal(crm.account(call))).toMatchObject({ code: "rate_limited", retryAfterMs: 20_000 });
    fake.setUsage(15_000, 15_000);
    expect((await refusal(crm.account(call))).code).toBe("quota_exhausted");
  });

  test("pulling leaves a tenth of the day to people; writing does not stop there", async () => {
    fake.addContact({ email: "anna@example.com" });
    fake.setUsage(13_600, 15_000);
    expect((await refusal(crm.pull(call, { since: null, cursor: null, fields: [] }))).code).toBe("quota_exhausted");
    expect(await crm.write(call, { object: "contact", externalId: null, fields: { LastName: "B" }, tags: [] })).toMatchObject({
      externalId: expect.any(String),
    });
  });

  test("every request takes from the day, which stays below the smallest account's 15,000", async () => {
    await crm.account(call);
    await crm.find(call, { email: "a@example.com", phone: "+79161234567", externalId: null }, []);
    expect(asked.map(({ cost }) => cost)).toEqual(asked.map(() => ({ requests: 1, day: 1 })));
    const day = crm.limits.find(({ key }) => key === "day")!;
    expect(day.burst + day.perSecond * 86_400).toBeLessThan(15_000);
  });
});

describe("Salesforce: queries", () => {
  const HOSTILE = [
    "'",
    "\\",
    "\\'",
    "\\\\'",
    "' OR Name != '",
    "\\' OR Name != '",
    "%",
    "_",
    "\\%",
    "x\nOR Id != null",
    "x\r\n",
    "\u0000'",
    "\u2019 OR 1=1",
    "'; DELETE",
    "') OR (Name != '",
    "' LIMIT 1 --",
    "\\u0027 OR Name != \\u0027",
    "😀'",
    "\t'",
    "''",
  ];

  test("T59: whatever is looked for is a text: it finds whoever has it, and nobody else", async () => {
    fake.addContact({ name: "Anna", email: "anna@example.com" });
    for (const hostile of HOSTILE) {
      const email = `${hostile}@example.com`;
      expect(await crm.find(call, { email, phone: null, externalId: null }, []), JSON.stringify(email)).toBeNull();
    }
    const strange = fake.addContact({ name: "O'Hara", email: "o'hara\\x@example.com" });
    expect(await crm.find(call, { email: "O'Hara\\x@example.com", phone: null, externalId: null }, [])).toMatchObject({
      externalId: strange.id,
    });
  });

  test("T59: a literal holds one text: both its quotes are its ends", () => {
    for (const hostile of HOSTILE) expect(soqlText(hostile), JSON.stringify(hostile)).toMatch(/^'(?:[^'\\\n\r]|\\['\\nrt])*'$/);
  });

  test("T59: names of fields, ids, cursors and marks do not reach a query unless they are such", async () => {
    const anna = fake.addContact({ email: "anna@example.com" });
    for (const field of ["Name FROM User", "Id, Password", "a'b", "", "1x", "Name--"]) {
      expect((await refusal(crm.find(call, { email: "a@b.co", phone: null, externalId: null }, [field]))).code).toBe("invalid");
      expect((await refusal(crm.write(call, { object: "contact", externalId: null, fields: { [field]: "x" }, tags: [] }))).code).toBe(
        "invalid",
      );
    }
    for (const id of ["", "x' OR Id != '", "003", "..", "../Task", `${anna.id}'`]) {
      expect(await crm.get(call, id, [])).toBeNull();
      expect((await refusal(crm.findMarked(call, "note", { contactId: id, marker: "m" }))).code).toBe("not_found");
    }
    for (const cursor of ["x", "2026-01-01T00:00:00Z#", "2026-01-01T00:00:00Z#' OR Id != '", `x#${anna.id}`])
      expect((await refusal(crm.pull(call, { since: null, cursor, fields: [] }))).code).toBe("invalid");
    expect(fake.requests).toEqual([]);
    for (const marker of HOSTILE) expect(await crm.findMarked(call, "note", { contactId: anna.id, marker: `${marker}x` })).toBeNull();
  });

  test("a phone is found however its digits are grouped, in either field; the oldest of several", async () => {
    fake.addContact({ email: "x@example.com", phone: "+1 916 123 4567" });
    const old = fake.addContact({ email: "old@example.com", fields: { MobilePhone: "8 (916) 12-34-567" } });
    fake.addContact({ email: "new@example.com", phone: "+7 916 123-45-67" });
    expect(await crm.find(call, { email: null, phone: "+79161234567", externalId: null }, [])).toMatchObject({ externalId: old.id });
  });
});

describe("Salesforce: records", () => {
  test("an opportunity has what Salesforce requires: a stage, a date, its contact and that one's account", async () => {
    const anna = fake.addContact({ email: "anna@example.com", fields: { AccountId: "0015g00000FakeAcc1" } });
    const deal = await crm.write(call, { object: "deal", externalId: null, contactId: anna.id, title: "Sale", fields: {}, tags: [] });
    expect(fake.deals.get(deal.externalId)!.fields).toMatchObject({
      StageName: "Prospecting",
      CloseDate: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      AccountId: "0015g00000FakeAcc1",
    });
    const mapped = await crm.write(call, {
      object: "deal",
      externalId: null,
      contactId: anna.id,
      title: "Sale",
      fields: { StageName: "Qualification", CloseDate: "2027-01-31" },
      tags: [],
    });
    expect(fake.deals.get(mapped.externalId)!.fields).toMatchObject({ StageName: "Qualification", CloseDate: "2027-01-31" });
  });

  test("a name that is too long keeps its end, where the link stands", async () => {
    const anna = fake.addContact({ email: "anna@example.com" });
    const mark = "https://portal.example/c/0198c0de";
    const deal = await crm.write(call, {
      object: "deal",
      externalId: null,
      contactId: anna.id,
      title: `${"Long ".repeat(60)}${mark}`,
      fields: {},
      tags: [],
    });
    expect(await crm.findMarked(call, "deal", { contactId: anna.id, marker: mark })).toMatchObject({ externalId: deal.externalId });
  });

  test("a note is a completed task on the contact, and a long one keeps its end", async () => {
    const anna = fake.addContact({ email: "anna@example.com" });
    const mark = "https://portal.example/c/1";
    const note = await crm.write(call, {
      object: "note",
      externalId: null,
      contactId: anna.id,
      text: `Title\n${"Слово\n".repeat(9_000)}${mark}`,
    });
    expect(asked.at(-1)!.json).toMatchObject({ Subject: "Title", Status: "Completed", WhoId: anna.id });
    expect(fake.notes.get(note.externalId)!.text.length).toBeLessThanOrEqual(32_000);
    expect(await crm.findMarked(call, "note", { contactId: anna.id, marker: mark })).toMatchObject({ externalId: note.externalId });
  });

  test("a contact without a last name, which Salesforce requires, is called by what there is", async () => {
    await crm.write(call, { object: "contact", externalId: null, fields: { Email: "a@example.com" }, tags: [] });
    await crm.write(call, { object: "contact", externalId: null, fields: { Title: "Buyer" }, tags: [] });
    expect([...fake.contacts.values()].map(({ name }) => name)).toEqual(["a@example.com", "—"]);
  });

  test("what Salesforce refuses is told in its words; a duplicate is a conflict", async () => {
    const write = (fields: Record<string, string>) =>
      crm.write(call, { object: "contact", externalId: null, fields: { LastName: "A", ...fields }, tags: [] });
    expect((await refusal(write({ Nothing__c: "x" }))).detail).toContain("Nothing__c");
    expect((await refusal(write({ Email: "no e-mail" }))).detail).toContain("invalid email");
    expect((await refusal(write({ Title: "x".repeat(129) }))).code).toBe("invalid");
    fake.failNext({ status: 400, json: [{ errorCode: "DUPLICATES_DETECTED", message: "Use one of these records?" }] });
    expect((await refusal(write({}))).code).toBe("conflict");
    fake.failNext({ status: 400, json: [{ errorCode: "UNABLE_TO_LOCK_ROW", message: "unable to obtain exclusive access" }] });
    expect((await refusal(write({}))).isPassing).toBe(true);
  });
});

describe("Salesforce: pulling", () => {
  const pullAll = async (since: string | null, between: (pages: number) => void = () => {}) => {
    const ids: string[] = [];
    const deleted: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page = await crm.pull(call, { since, cursor, fields: [] });
      ids.push(...page.contacts.map(({ externalId }) => externalId));
      deleted.push(...page.deleted);
      between(++pages);
      cursor = page.next;
    } while (cursor && pages < 20);
    return { ids, deleted };
  };
  const at = Date.parse("2026-11-01T00:00:00Z");

  test("the first page of all says how many there are; deleted ones are not among them", async () => {
    for (let n = 0; n < 210; n++) fake.addContact({ email: `p${n}@example.com`, deleted: n < 3 });
    expect(await crm.pull(call, { since: null, cursor: null, fields: [] })).toMatchObject({ total: 207, deleted: [] });
  });

  test("an import of one second comes through, each once, and nobody is passed over who changes meanwhile", async () => {
    const all = Array.from({ length: 450 }, (_, n) =>
      fake.addContact({ email: `p${n}@example.com`, createdAt: at, updatedAt: at + (n % 2) * 1000 }),
    );
    const quiet = await pullAll(new Date(at).toISOString());
    expect(quiet.ids).toHaveLength(450);
    const busy = await pullAll(new Date(at).toISOString(), (pages) => {
      if (pages === 1) for (const one of all.slice(0, 30)) one.updatedAt = at + 60_000;
    });
    expect(new Set(busy.ids)).toEqual(new Set(all.map(({ id }) => id)));
  });

  test("increments tell who was deleted", async () => {
    const [anna, boris] = ["anna", "boris"].map((name) => fake.addContact({ email: `${name}@example.com`, updatedAt: at }));
    await crm.remove(call, "contact", anna!.id);
    boris!.updatedAt = at + 5_000;
    const { ids, deleted } = await pullAll(new Date(at + 1000).toISOString());
    expect({ ids, deleted }).toEqual({ ids: [boris!.id], deleted: [anna!.id] });
  });
});
