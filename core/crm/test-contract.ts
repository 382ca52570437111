import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FakeCrm } from "../../e2e/fakes/crm/fake-crm.ts";
import { createSafeFetch } from "../safe-fetch.ts";
import type { Crm, CrmAnswer, CrmCall, CrmCloud, CrmGrant, CrmHttp, CrmPage } from "./crm.ts";
import { CrmError } from "./crm-error.ts";
import { crmCall, crmHttp } from "./crm-http.ts";

export type ContractOptions = {
  start(): Promise<FakeCrm>;
  make(url: string): Crm;
  cloud: CrmCloud;
  /** A text field of contacts that people may fill, by the CRM's key, and those of e-mail, phone and name as `write` takes them. */
  keys: { text: string; email: string; phone: string; name: string };
};

const REDIRECT = "https://portal.example/orgs/crm/callback";
const signal = new AbortController().signal;

/** What every CRM must do, whatever its protocol: run on each adapter against its fake. */
export function crmContract(name: string, options: ContractOptions): void {
  describe(`${name}: the CRM contract`, () => {
    let fake: FakeCrm;
    let crm: Crm;
    let http: CrmHttp;
    let call: CrmCall;
    let grant: CrmGrant;

    const callWith = (given: () => CrmGrant, renew?: (old: CrmGrant) => Promise<CrmGrant>): CrmCall =>
      crmCall(crm, createSafeFetch({ allow: [fake.url] }), {
        signal,
        grant: async () => given(),
        renew: renew ?? (() => Promise.reject(new CrmError("unauthorized", "There is nothing to renew with"))),
        admit: async () => {},
        slowDown: async () => {},
      });
    const refusal = async (promise: Promise<unknown>): Promise<CrmError> => {
      const error = await promise.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(CrmError);
      return error as CrmError;
    };

    beforeEach(async () => {
      fake = await options.start();
      crm = options.make(fake.url);
      http = crmHttp(createSafeFetch({ allow: [fake.url] }), { signal, readError: crm.readError?.bind(crm) });
      grant = fake.grant();
      call = callWith(() => grant);
    });
    afterEach(() => fake.close());

    const signIn = async (): Promise<CrmGrant> => {
      const oauth = crm.oauth!;
      const url = oauth.authorizeUrl({
        app: fake.app,
        cloud: options.cloud,
        domain: fake.domain,
        state: "state-1",
        redirectUri: REDIRECT,
        // S256 of the verifier below (RFC 7636 §4.2).
        codeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      });
      const callback = await fake.authorize(url);
      expect(callback.get("state")).toBe("state-1");
      return oauth.exchangeCode(http, {
        app: fake.app,
        cloud: options.cloud,
        code: callback.get("code")!,
        redirectUri: REDIRECT,
        codeVerifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        callback,
      });
    };

    test("signs in: the code gives a grant that is taken, once", async () => {
      const given = await signIn();
      expect(given).toMatchObject({ kind: "oauth", apiUrl: fake.url });
      expect(Date.parse(given.expiresAt!)).toBeGreaterThan(Date.now());
      expect(await crm.account(callWith(() => given))).toEqual({
        ...fake.account,
        url: expect.toSatisfy((url) => url === null || URL.canParse(url)),
      });
    });

    test("a wrong code is refused", async () => {
      const error = await refusal(
        crm.oauth!.exchangeCode(http, {
          app: fake.app,
          cloud: options.cloud,
          code: "made-up",
          redirectUri: REDIRECT,
          codeVerifier: "x".repeat(43),
          callback: new URLSearchParams({ code: "made-up", state: "s" }),
        }),
      );
      expect(error.isPassing).toBe(false);
    });

    test("a token that ran out is renewed and the request sent once more", async () => {
      const old = await signIn();
      fake.expireTokens();
      let renewals = 0;
      const renewing = callWith(
        () => old,
        async (refused) => {
          renewals++;
          return crm.oauth!.refresh(http, { app: fake.app, cloud: options.cloud, grant: refused, redirectUri: REDIRECT });
        },
      );
      expect(await crm.account(renewing)).toMatchObject(fake.account);
      expect(renewals).toBe(1);
    });

    test("a refresh token that works once is replaced, and the old one is refused", async () => {
      const first = await signIn();
      const second = await crm.oauth!.refresh(http, { app: fake.app, cloud: options.cloud, grant: first, redirectUri: REDIRECT });
      expect(second.refreshToken).toBeTruthy();
      const again = crm.oauth!.refresh(http, { app: fake.app, cloud: options.cloud, grant: first, redirectUri: REDIRECT });
      if (crm.oauth!.singleUseRefresh) expect((await refusal(again)).code).toBe("unauthorized");
      else expect((await again).accessToken).toBeTruthy();
    });

    test("revoking makes the tokens worthless, where the CRM can", async () => {
      const given = await signIn();
      if (!crm.oauth!.revoke) return expect(crm.oauth!.revoke).toBeNull();
      await crm.oauth!.revoke(http, { app: fake.app, cloud: options.cloud, grant: given });
      const error = await refusal(crm.oauth!.refresh(http, { app: fake.app, cloud: options.cloud, grant: given, redirectUri: REDIRECT }));
      expect(error.code).toBe("unauthorized");
    });

    test("a private token connects, a made-up one does not", async () => {
      if (!crm.token) return expect(crm.token).toBeNull();
      const given = crm.token.grantFrom({ token: fake.token, domain: fake.domain, cloud: options.cloud });
      expect(given).toMatchObject({ kind: "token", refreshToken: null, expiresAt: null });
      expect(await crm.account(callWith(() => given))).toMatchObject(fake.account);
      fake.revokeAll();
      expect((await refusal(crm.account(callWith(() => given)))).code).toBe("unauthorized");
    });

    test("E: an address that is not the CRM's own takes no token", () => {
      if (!crm.token || crm.token.asks === "token") return expect(crm.token?.asks ?? "token").toBe("token");
      const real = options.make("");
      for (const domain of [
        "evil.example",
        "127.0.0.1",
        "evil.example/.bitrix24.ru",
        "x@evil.example",
        "acme.amocrm.ru.evil.example",
        "localhost:1",
      ]) {
        const token = real.token!.asks === "webhook-url" ? `https://${domain}/rest/1/abcdefgh12345678/` : "a".repeat(40);
        expect(() => real.token!.grantFrom({ token, domain, cloud: options.cloud })).toThrow(CrmError);
      }
    });

    test("tells the fields of contacts and deals", async () => {
      const fields = await crm.fields(call, "contact");
      expect(fields.map(({ key }) => key)).toEqual(expect.arrayContaining([options.keys.text, options.keys.email, options.keys.phone]));
      expect(fields.find(({ key }) => key === options.keys.text)).toMatchObject({ type: "text", writable: true });
      expect((await crm.fields(call, "deal")).length).toBeGreaterThan(0);
    });

    test("writes a contact and reads it back", async () => {
      const fields = {
        [options.keys.name]: "Анна Петрова",
        [options.keys.email]: "anna@example.com",
        [options.keys.phone]: "+79161234567",
        [options.keys.text]: "Что угодно «в кавычках» & <b>",
      };
      const { externalId } = await crm.write(call, { object: "contact", externalId: null, fields, tags: ["site"] });
      expect(fake.contacts.size).toBe(1);
      const read = await crm.get(call, externalId, [options.keys.text]);
      expect(read).toMatchObject({ externalId, name: "Анна Петрова", email: "anna@example.com" });
      expect(read!.phone!.replace(/\D/g, "")).toBe("79161234567");
      expect(read!.fields[options.keys.text]).toBe("Что угодно «в кавычках» & <b>");
      const changed = await crm.write(call, { object: "contact", externalId, fields: { [options.keys.text]: "Иное" }, tags: [] });
      expect(changed.externalId).toBe(externalId);
      expect(fake.contacts.size).toBe(1);
      expect(await crm.get(call, externalId, [options.keys.text])).toMatchObject({
        email: "anna@example.com",
        fields: { [options.keys.text]: "Иное" },
      });
    });

    test("updating what is gone says so, reading it gives null", async () => {
      expect(await crm.get(call, "99999999", [])).toBeNull();
      const error = await refusal(
        crm.write(call, { object: "contact", externalId: "99999999", fields: { [options.keys.text]: "x" }, tags: [] }),
      );
      expect(error.code).toBe("not_found");
    });

    test("finds by e-mail, then by phone however it is written; nobody else", async () => {
      const anna = fake.addContact({ name: "Anna", email: "anna@example.com", phone: "+7 916 123-45-67" });
      fake.addContact({ name: "Annabel", email: "xanna@example.com", phone: "+7 916 123-45-68" });
      expect(await crm.find(call, { email: "Anna@Example.com", phone: null, externalId: null }, [])).toMatchObject({ externalId: anna.id });
      expect(await crm.find(call, { email: null, phone: "+79161234567", externalId: null }, [])).toMatchObject({ externalId: anna.id });
      expect(await crm.find(call, { email: "nobody@example.com", phone: "+79160000000", externalId: null }, [])).toBeNull();
      expect(await crm.find(call, { email: null, phone: null, externalId: null }, [])).toBeNull();
    });

    test("a text that a search might take for a query is only a text", async () => {
      fake.addContact({ name: "Anna", email: "anna@example.com" });
      for (const email of ["a' OR '1'='1", "%@example.com", "*", 'a@b.c" } ] }', "_nna@example.com"]) {
        expect(await crm.find(call, { email, phone: null, externalId: null }, [])).toBeNull();
      }
    });

    test("writes a deal and a note on a contact, and finds them again by a mark", async () => {
      const anna = fake.addContact({ email: "anna@example.com" });
      const marker = "https://portal.example/orgs/acme/conversations/0198c0de-0000-7000-8000-000000000001";
      expect(await crm.findMarked(call, "note", { contactId: anna.id, marker })).toBeNull();
      const text = `Question one\nAnswer & <i>one</i>\n\n${marker}`;
      const note = await crm.write(call, { object: "note", externalId: null, contactId: anna.id, text });
      expect([...fake.notes.values()]).toEqual([expect.objectContaining({ id: note.externalId, contactId: anna.id })]);
      expect(await crm.findMarked(call, "note", { contactId: anna.id, marker })).toMatchObject({ externalId: note.externalId });
      await crm.write(call, { object: "note", externalId: note.externalId, contactId: anna.id, text: `${text}\nMore` });
      expect(fake.notes.size).toBe(1);
      const deal = await crm.write(call, {
        object: "deal",
        externalId: null,
        contactId: anna.id,
        title: `From the site ${marker}`,
        fields: {},
        tags: ["site"],
      });
      expect([...fake.deals.values()]).toEqual([expect.objectContaining({ id: deal.externalId, contactId: anna.id })]);
      expect(await crm.findMarked(call, "deal", { contactId: anna.id, marker })).toMatchObject({ externalId: deal.externalId });
      expect(await crm.findMarked(call, "deal", { contactId: anna.id, marker: `${marker}9` })).toBeNull();
    });

    test("removes what it wrote; what is gone already is no error", async () => {
      const { text, email, phone, name } = options.keys;
      const fields = { [name]: "Anna", [email]: "anna@example.com", [phone]: "+79161234567", [text]: "Anna's own words" };
      const anna = await crm.write(call, { object: "contact", externalId: null, fields, tags: [] });
      const note = await crm.write(call, { object: "note", externalId: null, contactId: anna.externalId, text: "Hello from Anna" });
      const { externalId: contactId } = anna;
      const deal = await crm.write(call, { object: "deal", externalId: null, contactId, title: "Anna's wish", fields: {}, tags: [] });
      const written = [
        ["note", note.externalId, fake.notes],
        ["deal", deal.externalId, fake.deals],
        ["contact", anna.externalId, fake.contacts],
      ] as const;
      for (const [object, externalId, kept] of written) {
        await crm.remove(call, object, externalId);
        await crm.remove(call, object, externalId);
        if (crm.removal[object] === "deletes")
          expect([...kept.values()].filter((record) => !("deleted" in record && record.deleted))).toEqual([]);
        else expect(JSON.stringify([...kept.values()])).not.toMatch(/Anna|anna|79161234567/);
        await crm.remove(call, object, "99999999");
      }
      const left = await crm.get(call, anna.externalId, [text]);
      if (crm.removal.contact === "deletes") expect(left).toBeNull();
      else expect(left).toMatchObject({ email: null, phone: null, fields: { [text]: null } });
    });

    const pullAll = async (since: string | null): Promise<CrmPage[]> => {
      const pages: CrmPage[] = [];
      let cursor: string | null = null;
      do {
        const page: CrmPage = await crm.pull(call, { since, cursor, fields: [options.keys.text] });
        pages.push(page);
        cursor = page.next;
      } while (cursor && pages.length < 50);
      expect(cursor).toBeNull();
      return pages;
    };

    test("pulls all contacts page by page, each once", async () => {
      for (let n = 0; n < 230; n++)
        fake.addContact({ name: `Person ${n}`, email: `p${n}@example.com`, fields: { [options.keys.text]: `t${n}` } });
      const pages = await pullAll(null);
      expect(pages.length).toBeGreaterThan(1);
      const ids = pages.flatMap(({ contacts }) => contacts.map(({ externalId }) => externalId));
      expect(ids).toHaveLength(230);
      expect(new Set(ids)).toEqual(new Set(fake.contacts.keys()));
      expect(pages[0]!.contacts[0]!.fields[options.keys.text]).toMatch(/^t\d+$/);
    });

    test("pulls what changed since a moment", async () => {
      const all = Array.from({ length: 5 }, (_, n) => fake.addContact({ email: `p${n}@example.com` }));
      const before = (await pullAll(null)).flatMap(({ contacts }) => contacts);
      expect(before).toHaveLength(5);
      // CRMs keep seconds: the change happens in a later one.
      const since = new Date(Math.ceil((all.at(-1)!.updatedAt + 1) / 1000) * 1000).toISOString();
      all[1]!.name = "Changed";
      all[1]!.updatedAt = Date.parse(since) + 5_000;
      const after = (await pullAll(since)).flatMap(({ contacts }) => contacts);
      expect(after.map(({ externalId }) => externalId)).toEqual([all[1]!.id]);
      expect(Date.parse(after[0]!.updatedAt)).toBeGreaterThan(Date.parse(since));
    });

    test("a limit that was passed says when to come back; a failure is passing; nonsense is neither", async () => {
      fake.addContact({ email: "anna@example.com" });
      fake.failNext({ status: 429, headers: { "retry-after": "7" }, json: {} });
      expect(await refusal(crm.account(call))).toMatchObject({ code: "rate_limited", retryAfterMs: 7_000 });
      // Now, or a time that is over, is soon; what cannot be read says nothing.
      for (const [said, ms] of [
        ["0", 1_000],
        ["Wed, 26 Nov 2025 00:00:00 GMT", 1_000],
        ["soon", null],
      ] as const) {
        fake.failNext({ status: 429, headers: { "retry-after": said }, json: {} });
        expect(await refusal(crm.account(call))).toMatchObject({ code: "rate_limited", retryAfterMs: ms });
      }
      fake.failNext({ status: 500, json: {} });
      expect((await refusal(crm.account(call))).code).toBe("unavailable");
      fake.failNext({ status: 502, json: "<html>Bad gateway</html>" });
      expect((await refusal(crm.account(call))).code).toBe("unavailable");
      fake.failNext({ status: 200, json: { nothing: "of it" } });
      expect((await refusal(crm.account(call))).code).toBe("malformed");
      fake.failNext({ status: 200, json: [1, 2] });
      expect((await refusal(crm.pull(call, { since: null, cursor: null, fields: [] }))).code).toBe("malformed");
    });

    test("a lost answer leaves one record that is found by its mark", async () => {
      const anna = fake.addContact({ email: "anna@example.com" });
      fake.loseNextAnswer();
      const error = await refusal(crm.write(call, { object: "note", externalId: null, contactId: anna.id, text: "Hello mark-1" }));
      expect(error.code).toBe("unavailable");
      expect(await crm.findMarked(call, "note", { contactId: anna.id, marker: "mark-1" })).not.toBeNull();
      expect(fake.notes.size).toBe(1);
    });

    test("API10: an answer that is bent anywhere is read or refused, never a crash", async () => {
      const { text, email, phone, name } = options.keys;
      const fields = { [name]: "Anna", [email]: "anna@example.com", [phone]: "+79161234567", [text]: "t" };
      const { externalId } = await crm.write(call, { object: "contact", externalId: null, fields, tags: [] });
      await crm.write(call, { object: "note", externalId: null, contactId: externalId, text: "mark-1" });
      const title = "mark-1";
      await crm.write(call, { object: "deal", externalId: null, contactId: externalId, title, fields: {}, tags: ["site"] });
      const given = { contactId: externalId, marker: "mark-1" };
      const runs: ((call: CrmCall) => Promise<unknown>)[] = [
        (call) => crm.account(call),
        (call) => crm.fields(call, "contact"),
        (call) => crm.fields(call, "deal"),
        (call) => crm.find(call, { email: "anna@example.com", phone: null, externalId: null }, [text, name]),
        (call) => crm.find(call, { email: null, phone: "+79161234567", externalId: null }, [text]),
        (call) => crm.get(call, externalId, [text, email]),
        (call) => crm.write(call, { object: "contact", externalId, fields: { [phone]: "+79160000000" }, tags: [] }),
        (call) => crm.write(call, { object: "note", externalId: null, contactId: externalId, text: "x" }),
        (call) => crm.findMarked(call, "note", given),
        (call) => crm.findMarked(call, "deal", given),
        (call) => crm.pull(call, { since: null, cursor: null, fields: [text] }),
      ];
      let tried = 0;
      for (const run of runs) {
        const heard: CrmAnswer[] = [];
        await run(async (request) => {
          const answer = await call(request);
          heard.push(structuredClone(answer));
          return answer;
        });
        for (const [turn, { body }] of heard.entries()) {
          const places = placesIn(body);
          // Of a long answer evenly chosen places: every kind of them comes up.
          const step = Math.ceil(places.length / 40);
          for (const path of places.filter((_, place) => place % step === 0)) {
            for (const bent of [null, -1, 0, 1e300, 8_640_000_000_001, "", "x", "a\r\nb: c", "__proto__", [], {}, true, [[null]]]) {
              let next = 0;
              const replay: CrmCall = async () => {
                const answer = heard[next];
                if (!answer) throw new CrmError("unavailable", "Nothing more was recorded");
                return next++ === turn ? { ...answer, body: bentAt(answer.body, path, bent) } : answer;
              };
              const error = await run(replay).then(
                () => null,
                (thrown: unknown) => thrown,
              );
              tried++;
              if (error !== null && !(error instanceof CrmError))
                throw new Error(`${path.join(".")} = ${JSON.stringify(bent)} crashed`, { cause: error });
            }
          }
        }
      }
      expect(tried).toBeGreaterThan(400);
    });

    describe("webhooks in", () => {
      const url = "https://portal.example/api/webhooks/0198c0de-0000-7000-8000-000000000002";
      const secrets = () => ({ app: fake.app, connection: "s".repeat(32), accountId: fake.account.externalId });
      const samples = (at?: number) =>
        fake.webhook!({ url, secret: "s".repeat(32), contactIds: ["11", "12"], kind: "changed", ...(at ? { at } : {}) });

      test("C1: the sender's own scheme is taken, and without a secret nothing is", () => {
        if (!crm.inbound) return expect(fake.webhook).toBeNull();
        const now = Date.now();
        const request = samples(now)[0]!;
        expect(crm.inbound.verify(request, secrets(), now)).toBe(true);
        expect(crm.inbound.verify(request, { app: null, connection: null, accountId: null }, now)).toBe(false);
        expect(crm.inbound.verify(request, { app: { clientId: "", clientSecret: "" }, connection: "", accountId: "" }, now)).toBe(false);
        const other = { app: { clientId: "other", clientSecret: "o".repeat(40) }, connection: "o".repeat(32), accountId: "other" };
        expect(crm.inbound.verify(request, other, now)).toBe(false);
      });

      test("tells which contacts changed, with one id for each event", () => {
        if (!crm.inbound) return expect(fake.webhook).toBeNull();
        const events = samples().flatMap((request) => crm.inbound!.events(request));
        expect(events.map(({ contactId, kind }) => [contactId, kind])).toEqual([
          ["11", "changed"],
          ["12", "changed"],
        ]);
        expect(new Set(events.map(({ id }) => id)).size).toBe(2);
        const deleted = fake.webhook!({ url, secret: "s".repeat(32), contactIds: ["11"], kind: "deleted" });
        expect(deleted.flatMap((request) => crm.inbound!.events(request))).toMatchObject([{ contactId: "11", kind: "deleted" }]);
      });

      test("C1: an address that is none is nobody's", () => {
        if (!crm.inbound) return expect(fake.webhook).toBeNull();
        const request = samples()[0]!;
        for (const url of ["", "//", "http://[", "?secret=", "https://portal.example/?secret=a&secret=b", "\u0000"])
          expect(crm.inbound.verify({ ...request, url, headers: {} }, secrets(), Date.now())).toBe(false);
      });

      test("T57: a body that is nonsense is malformed, never a crash", () => {
        if (!crm.inbound) return expect(fake.webhook).toBeNull();
        const { headers } = samples()[0]!;
        for (const body of [
          "",
          "null",
          "[]",
          "{}",
          "0",
          '"x"',
          "{",
          "a=b",
          "\u0000",
          `${"[".repeat(2_000)}`,
          "contacts[update][0]=",
          "__proto__[x]=1",
        ]) {
          try {
            expect(Array.isArray(crm.inbound.events({ method: "POST", url, headers, body: Buffer.from(body) }))).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(CrmError);
          }
        }
      });
    });
  });
}

type Path = (string | number)[];

/** All places in a JSON value, the value itself first; of a long list only the first three entries. */
function placesIn(value: unknown, path: Path = []): Path[] {
  const inner = Array.isArray(value)
    ? value.slice(0, 3).map((one, place) => [place, one] as const)
    : value && typeof value === "object"
      ? Object.entries(value)
      : [];
  return [path, ...inner.flatMap(([key, one]) => placesIn(one, [...path, key]))];
}

/** A copy of a JSON value with another value at a place. */
function bentAt(value: unknown, path: Path, bent: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return bent;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string | number, unknown>)[key] = bentAt((value as Record<string | number, unknown>)[key], rest, bent);
  return copy;
}
