import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeAmocrm, startAmocrm } from "../../e2e/fakes/crm/amocrm.ts";
import { createSafeFetch } from "../safe-fetch.ts";
import { amocrm } from "./amocrm.ts";
import type { CrmCall, CrmHttp } from "./crm.ts";
import { CrmError } from "./crm-error.ts";
import { crmCall } from "./crm-http.ts";
import { crmContract } from "./test-contract.ts";

const TEXT = "300003";
const keys = { text: TEXT, email: "EMAIL", phone: "PHONE", name: "name" };
const start = () => startAmocrm({ limit: { count: 1_000, ms: 1_000 } });

crmContract("amoCRM", { start, make: amocrm, cloud: "ru", keys });
crmContract("Kommo", { start, make: amocrm, cloud: "global", keys });

describe("amoCRM", () => {
  const crm = amocrm();
  const app = { clientId: "id", clientSecret: "secret" };
  let fake: FakeAmocrm;
  let call: CrmCall;
  beforeEach(async () => {
    fake = await start();
    call = callTo(fake);
  });
  afterEach(() => fake.close());

  const callTo = (to: FakeAmocrm): CrmCall => {
    const grant = to.grant();
    return crmCall(amocrm(to.url), createSafeFetch({ allow: [to.url] }), {
      signal: new AbortController().signal,
      grant: async () => grant,
      renew: async () => Promise.reject(new CrmError("unauthorized", "nothing to renew")),
      admit: async () => {},
      slowDown: async () => {},
    });
  };

  test("signs in at the cloud's own front page", () => {
    const query = { app, domain: null, state: "s", redirectUri: "https://p.example/back", codeChallenge: "c" };
    expect(crm.oauth!.authorizeUrl({ ...query, cloud: "ru" })).toBe("https://www.amocrm.ru/oauth?client_id=id&state=s&mode=popup");
    expect(crm.oauth!.authorizeUrl({ ...query, cloud: "global" })).toBe("https://www.kommo.com/oauth?client_id=id&state=s&mode=popup");
  });

  describe("E: the account's address that comes back with the code", () => {
    const asked: string[] = [];
    const http: CrmHttp = async ({ url }) => {
      asked.push(url);
      return { status: 200, headers: {}, body: { access_token: "a", refresh_token: "r", expires_in: 86_400 }, origin: "" };
    };
    const exchange = (referer: string | null, cloud: "ru" | "global") =>
      crm.oauth!.exchangeCode(http, {
        app,
        cloud,
        code: "c",
        redirectUri: "https://p.example/back",
        codeVerifier: "v",
        callback: new URLSearchParams(referer === null ? {} : { referer }),
      });
    beforeEach(() => void asked.splice(0));

    test.each([
      ["acme.amocrm.ru", "ru", "https://acme.amocrm.ru"],
      ["Acme-2.AMOCRM.RU", "ru", "https://acme-2.amocrm.ru"],
      ["acme.kommo.com", "global", "https://acme.kommo.com"],
      ["acme.amocrm.com", "global", "https://acme.amocrm.com"],
    ] as const)("%s is one of %s", async (referer, cloud, origin) => {
      expect(await exchange(referer, cloud)).toMatchObject({ apiUrl: origin });
      expect(asked).toEqual([`${origin}/oauth2/access_token`]);
    });

    test.each([
      [null, "ru"],
      ["", "ru"],
      ["acme.kommo.com", "ru"],
      ["acme.amocrm.ru", "global"],
      ["amocrm.ru", "ru"],
      ["www.amocrm.ru", "ru"],
      ["evilamocrm.ru", "ru"],
      ["acme.amocrm.ru.evil.example", "ru"],
      ["evil.example/.amocrm.ru", "ru"],
      ["evil.example#.amocrm.ru", "ru"],
      ["evil.example?.amocrm.ru", "ru"],
      ["evil.example\\.amocrm.ru", "ru"],
      ["user@acme.amocrm.ru", "ru"],
      ["acme.amocrm.ru:8443", "ru"],
      ["a.b.amocrm.ru", "ru"],
      ["-acme.amocrm.ru", "ru"],
      ["acme.amocrm.ru\r\nhost: evil", "ru"],
      ["ácme.amocrm.ru", "ru"],
      ["http://acme.amocrm.ru", "ru"],
      ["169.254.169.254", "ru"],
    ] as const)("%j is none of %s: the code and our secret go nowhere", async (referer, cloud) => {
      await expect((async () => exchange(referer, cloud))()).rejects.toBeInstanceOf(CrmError);
      expect(asked).toEqual([]);
    });
  });

  test("a long-lived token goes with the account's address, as people paste it", () => {
    const grantFrom = (domain: string) => crm.token!.grantFrom({ token: ` ${"a".repeat(40)}\n`, domain, cloud: "ru" });
    for (const domain of ["acme", "acme.amocrm.ru", "https://acme.amocrm.ru/leads/list/?filter=1"])
      expect(grantFrom(domain)).toMatchObject({ apiUrl: "https://acme.amocrm.ru", accessToken: "a".repeat(40) });
    expect(() => crm.token!.grantFrom({ token: "two words\r\nx: y", domain: "acme", cloud: "ru" })).toThrow(CrmError);
  });

  test("ids that are no numbers never reach a path", async () => {
    for (const id of ["../leads/1", "1?with=leads", "1/notes", "", "0", "0x10", "1e3", " 1", "９"]) {
      expect(await amocrm(fake.url).get(call, id, [])).toBeNull();
      for (const object of ["contact", "deal", "note"] as const) {
        await expect(amocrm(fake.url).remove(call, object, id)).rejects.toMatchObject({ code: "not_found" });
      }
      await expect(amocrm(fake.url).write(call, { object: "note", externalId: null, contactId: id, text: "x" })).rejects.toMatchObject({
        code: "not_found",
      });
    }
    expect(fake.requests).toEqual([]);
  });

  test("finds a Russian number that is written with 8, exactly, though the search is fuzzy", async () => {
    fake.addContact({ phone: "8 (916) 123-45-670" });
    const anna = fake.addContact({ phone: "8 (916) 123-45-67" });
    fake.addContact({ phone: "+7 916 123 45 67" });
    const key = { email: null, phone: "+79161234567", externalId: null };
    expect(await amocrm(fake.url).find(call, key, [])).toMatchObject({ externalId: anna.id });
  });

  test("an update keeps a contact's other phones, and adds none that is there", async () => {
    const write = (phone: string | null) =>
      amocrm(fake.url).write(call, { object: "contact", externalId: anna.id, fields: { PHONE: phone }, tags: [] });
    const anna = fake.addContact({ name: "Anna", phone: "8 916 123-45-67" });
    await write("+79161234567");
    expect([anna.phone, fake.moreValues(anna.id, "PHONE")]).toEqual(["8 916 123-45-67", []]);
    await write("+79260000000");
    await write("+79161234567");
    expect([anna.phone, ...fake.moreValues(anna.id, "PHONE").map(({ value }) => value)]).toEqual(["+79260000000", "8 916 123-45-67"]);
    await write(null);
    expect([anna.phone, fake.moreValues(anna.id, "PHONE")]).toEqual([null, []]);
  });

  test("tags are added to those that are there", async () => {
    const anna = fake.addContact({ tags: ["vip"] });
    await amocrm(fake.url).write(call, { object: "contact", externalId: anna.id, fields: {}, tags: ["site"] });
    expect(anna.tags).toEqual(["vip", "site"]);
  });

  test("reads and writes each kind of field; one that amoCRM has not is refused before anything is sent", async () => {
    const fields = { "300004": "1990-05-17T00:00:00.000Z", "300005": true, "300006": "Сайт", "300007": 36 };
    const { externalId } = await amocrm(fake.url).write(call, {
      object: "contact",
      externalId: null,
      fields: { name: "A", ...fields },
      tags: [],
    });
    expect((await amocrm(fake.url).get(call, externalId, Object.keys(fields)))!.fields).toEqual(fields);
    const kinds = (await amocrm(fake.url).fields(call, "contact")).map(({ key, type }) => [key, type]);
    expect(kinds).toEqual(
      expect.arrayContaining([
        ["PHONE", "phone"],
        ["EMAIL", "email"],
        ["300004", "date"],
        ["300005", "boolean"],
        ["300006", "choice"],
      ]),
    );
    expect(kinds.flat()).not.toContain("300008");
    const sent = fake.requests.length;
    for (const key of ["id", "__proto__", "phone", "300003x", "-1"]) {
      const refused = amocrm(fake.url).write(call, {
        object: "contact",
        externalId: null,
        fields: { [key]: "x", ...JSON.parse(`{"${key}":"x"}`) },
        tags: [],
      });
      await expect(refused).rejects.toMatchObject({ code: "invalid" });
    }
    expect(fake.requests.length).toBe(sent);
  });

  test("a contact that changes while others are pulled leaves none out", async () => {
    const crm = amocrm(fake.url);
    const t0 = Date.parse("2026-01-01T00:00:00Z");
    const all = Array.from({ length: 250 }, (_, n) =>
      fake.addContact({ email: `p${n}@example.com`, updatedAt: t0 + Math.floor(n / 7) * 1000 }),
    );
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await crm.pull(call, { since: null, cursor, fields: [] });
      seen.push(...page.contacts.map(({ externalId }) => externalId));
      // Somebody works in amoCRM meanwhile: what was read already moves to the end.
      for (const one of all.slice(seen.length - 20, seen.length - 10)) fake.change(one.id, { name: "Changed" });
      cursor = page.next;
    } while (cursor && seen.length < 1_000);
    expect(new Set(seen)).toEqual(new Set(all.map(({ id }) => id)));
  });

  test("an import of more contacts in one second than a page holds is pulled whole", async () => {
    const crm = amocrm(fake.url);
    const t0 = Date.parse("2026-01-01T00:00:00Z");
    for (let n = 0; n < 420; n++) fake.addContact({ updatedAt: n < 10 ? t0 - 5_000 : n < 400 ? t0 : t0 + 60_000 });
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await crm.pull(call, { since: "2025-12-01T00:00:00Z", cursor, fields: [] });
      ids.push(...page.contacts.map(({ externalId }) => externalId));
      cursor = page.next;
    } while (cursor && ids.length < 2_000);
    expect(ids).toHaveLength(420);
    expect(new Set(ids).size).toBe(420);
    await expect(crm.pull(call, { since: null, cursor: "0:1&x=1", fields: [] })).rejects.toMatchObject({ code: "invalid" });
  });

  test("API10: a list in another order than asked is not gone through for ever", async () => {
    fake.failNext({ status: 200, json: { _links: { next: {} }, _embedded: { contacts: [{ id: 1, updated_at: 5 }] } } });
    const back = amocrm(fake.url).pull(call, { since: null, cursor: "9:1", fields: [] });
    await expect(back).rejects.toMatchObject({ code: "malformed" });
  });

  test("API10: a token with line breaks goes into no header", async () => {
    for (const bad of [{ access_token: "a\r\nx-evil: 1" }, { refresh_token: "a b" }, { expires_in: 1e12 }, { expires_in: -1 }]) {
      const body = { access_token: "a", refresh_token: "r", expires_in: 86_400, ...bad };
      const http: CrmHttp = async () => ({ status: 200, headers: {}, body, origin: "" });
      const given = { app, cloud: "ru", code: "c", redirectUri: "https://p.example", codeVerifier: "v" } as const;
      const exchanged = crm.oauth!.exchangeCode(http, { ...given, callback: new URLSearchParams({ referer: "acme.amocrm.ru" }) });
      await expect(exchanged).rejects.toMatchObject({ code: "malformed" });
    }
  });

  test("a note or price that amoCRM does not take is invalid, not gone", async () => {
    const anna = fake.addContact({});
    const crm = amocrm(fake.url);
    const { externalId } = await crm.write(call, { object: "note", externalId: null, contactId: anna.id, text: "x" });
    const empty = crm.write(call, { object: "note", externalId, contactId: anna.id, text: "" });
    await expect(empty).rejects.toMatchObject({ code: "invalid" });
    const dear = { object: "deal", externalId: null, contactId: anna.id, title: "t", fields: { price: "dear" }, tags: [] } as const;
    await expect(crm.write(call, { ...dear, tags: [] })).rejects.toMatchObject({ code: "invalid" });
  });

  test("our limit stays below 7 a second in any second; the eighth is refused; being shut out for it is no passing failure", async () => {
    const { burst, perSecond } = crm.limits[0]!;
    expect(burst + perSecond).toBeLessThan(7);
    const strict = await startAmocrm();
    try {
      const strictCall = callTo(strict);
      const codes = [];
      for (let n = 0; n < 8; n++)
        codes.push(
          await amocrm(strict.url)
            .account(strictCall)
            .then(
              () => "ok",
              (error: CrmError) => error.code,
            ),
        );
      expect(codes).toEqual([...Array(7).fill("ok"), "rate_limited"]);
    } finally {
      await strict.close();
    }
    fake.failNext({ status: 403, json: { title: "Forbidden", status: 403, detail: "Аккаунт заблокирован" } });
    const blocked = await amocrm(fake.url)
      .account(call)
      .catch((error: CrmError) => error);
    expect(blocked).toMatchObject({ code: "forbidden", isPassing: false, detail: "Аккаунт заблокирован" });
  });

  test("subscribes with our secret in the address, keeps only the number, and unsubscribes by it", async () => {
    const { subscribe, unsubscribe, verify } = crm.inbound!;
    const url = "https://portal.example/api/webhooks/0198c0de";
    const subscription = await subscribe!(call, { url, secret: "S".repeat(32) });
    expect(subscription).not.toContain("S");
    const [hook] = [...fake.webhooks.values()];
    expect(hook!.settings).toEqual(["add_contact", "update_contact", "delete_contact", "restore_contact"]);
    const request = { method: "POST", url: hook!.destination, headers: {}, body: Buffer.from("") };
    expect(verify(request, { app: null, connection: "S".repeat(32), accountId: null }, 0)).toBe(true);
    expect(verify({ ...request, url }, { app: null, connection: "S".repeat(32), accountId: null }, 0)).toBe(false);
    await unsubscribe!(call, subscription);
    expect(fake.webhooks.size).toBe(0);
    await unsubscribe!(call, subscription);
  });

  test("C: a webhook's event is the same when it is repeated, another when the contact changes again; companies are left out", () => {
    const events = (at: number) =>
      crm.inbound!.events(fake.webhook!({ url: "https://p.example/x", secret: "s", contactIds: ["11"], kind: "changed", at })[0]!);
    expect(events(1_700_000_000_000)).toEqual(events(1_700_000_000_000));
    expect(events(1_700_000_000_000)[0]!.id).not.toBe(events(1_700_000_001_000)[0]!.id);
    const body = (text: string) => ({ method: "POST", url: "/", headers: {}, body: Buffer.from(text) });
    expect(crm.inbound!.events(body("contacts[add][0][id]=5&contacts[add][0][type]=company"))).toEqual([]);
    expect(crm.inbound!.events(body("leads[add][0][id]=5"))).toEqual([]);
    expect(() => crm.inbound!.events(body("contacts[add][0][id]=../5"))).toThrow(CrmError);
    expect(() => crm.inbound!.events(body("a=1&".repeat(30_000)))).toThrow(CrmError);
  });
});
