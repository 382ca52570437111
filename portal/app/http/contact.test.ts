import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "./limiter/limiter.ts";
import {
  call,
  openSession as openSessionFrom,
  question,
  readAnswer,
  type SeededAgent,
  SHOP,
  seedAgent,
  startTestPortal,
  type TestPortal,
} from "./test-portal.ts";

const CONSENT = { en: "You may write to me.", ru: "Можно мне написать." };

let portal: TestPortal;
let agent: SeededAgent;
let plain: SeededAgent;
beforeAll(async () => {
  portal = await startTestPortal({ TRUSTED_PROXIES: "1" });
  const passages = [{ body: "The warranty lasts ten years. It covers leaks." }];
  const leads = { when: "handoff", fields: { name: "required", email: "optional", phone: "optional" }, consent: CONSENT };
  agent = await seedAgent(portal.backend, { passages, settings: { handoff: { enabled: true }, leads } });
  plain = await seedAgent(portal.backend, { passages });
});
afterAll(() => portal.close());

const address = () => ({ "x-forwarded-for": `10.${randomBytes(3).join(".")}` });
const openSession = (of: SeededAgent = agent) => openSessionFrom(portal, of, {}, SHOP, address());
const post = (path: string, token: string, body: unknown, headers: Record<string, string> = {}) =>
  call(portal, `/api/v1/conversations/${path}`, token, { method: "POST", body, headers: { ...address(), ...headers } });
const rows = async <T extends object = Record<string, unknown>>(sql: string, values: unknown[]) =>
  (await portal.backend.db.query<T>(sql, values)).rows;
const read = async (id: string, token: string) => (await call(portal, `/api/v1/conversations/${id}`, token)).json();
const ask = async (token: string, id: string, of = agent, text = "How long is the warranty?") =>
  readAnswer(await call(portal, `/api/v1/agents/${of.publicId}/chat`, token, { body: question(text, { id }) }));
const anna = { name: "Anna", email: "Anna@Shop.example", phone: "8 (912) 345-67-89", consent: true };

describe("POST handoff", () => {
  it("records the wish once, notes it in the conversation, and the visitor finds it there again", async () => {
    const { token } = await openSession();
    const id = randomUUID();
    await ask(token, id);
    expect(await read(id, token)).toMatchObject({ handoff: null, hasLead: false });
    const first = await post(`${id}/handoff`, token, { reason: "  My order " });
    expect(first.status).toBe(200);
    const told = await first.json();
    expect(told).toMatchObject({ state: "requested" });
    expect(await (await post(`${id}/handoff`, token, {})).json()).toEqual(told);
    expect(await rows("select reason, state from handoffs where id = $1", [told.id])).toEqual([{ reason: "My order", state: "requested" }]);
    const thread = await read(id, token);
    expect(thread.handoff).toBe("requested");
    expect(thread.messages.at(-1)).toMatchObject({
      role: "system",
      parts: [{ type: "data-handoff", data: { state: "requested" } }],
      metadata: { author: "system" },
    });
    // The note is no part of what a model reads, and the conversation goes on.
    expect((await ask(token, id)).text).toContain("ten years");
    expect((await read(id, token)).messages).toHaveLength(5);

    await portal.backend.db.query("update handoffs set state = 'resolved' where id = $1", [told.id]);
    expect((await read(id, token)).handoff).toBeNull();
    const again = await (await post(`${id}/handoff`, token, {})).json();
    expect(again.id).not.toBe(told.id);
  });

  it("is where an answer sends who was not answered, if the agent lets visitors call for a person", async () => {
    const wish = "I want to talk to a person, please";
    const answerOf = async (of: SeededAgent) => (await ask((await openSession(of)).token, randomUUID(), of, wish)).text;
    expect(await answerOf(agent)).toMatch(/couldn't find an answer.*call for a person: it is in the menu/s);
    expect(await answerOf(plain)).not.toMatch(/menu/);
  });

  it("makes the conversation when nothing was said yet, at many calls at once one request", async () => {
    const { token, visitorId } = await openSession();
    const id = randomUUID();
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(`${id}/handoff`, token, {})));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(
      await rows("select count(*)::int as n from handoffs h join conversations c on c.id = h.conversation_id where c.visitor_id = $1", [
        visitorId,
      ]),
    ).toEqual([{ n: 1 }]);
  });

  it("is refused where nobody is behind the agent, without a session, and to pages that are not listed", async () => {
    const { token } = await openSession(plain);
    const off = await post(`${randomUUID()}/handoff`, token, {});
    expect([off.status, (await off.json()).code]).toEqual([409, "conflict"]);
    expect((await post("x/handoff", "nonsense", {})).status).toBe(401);
    const session = await openSession();
    expect((await post("x/handoff", session.token, {}, { origin: "https://evil.example" })).status).toBe(403);
    expect((await post("x/handoff", session.token, { reason: "x", state: "accepted" })).status).toBe(400);
  });
});

describe("POST lead", () => {
  it("keeps what was said, tidied, with the consent and the words it was given to", async () => {
    const { token, visitorId } = await openSession();
    const id = randomUUID();
    await ask(token, id);
    const body = { ...anna, message: " Call me\u0000 ", fields: { size: "M" }, locale: "ru" };
    const response = await post(`${id}/lead`, token, body, { referer: `${SHOP}/cart` });
    expect(response.status).toBe(201);
    const { id: leadId } = await response.json();
    expect(
      await rows("select name, email, phone, message, fields, consent, consent_text, page_url, visitor_id from leads where id = $1", [
        leadId,
      ]),
    ).toEqual([
      {
        name: "Anna",
        email: "anna@shop.example",
        phone: "+79123456789",
        message: "Call me",
        fields: { size: "M" },
        consent: true,
        consent_text: CONSENT.ru,
        page_url: `${SHOP}/cart`,
        visitor_id: visitorId,
      },
    ]);
    expect((await read(id, token)).hasLead).toBe(true);
  });

  it("C8: keeps it once: by its key, and by its words", async () => {
    const { token } = await openSession();
    const id = randomUUID();
    const key = { "idempotency-key": "once" };
    const first = await (await post(`${id}/lead`, token, anna, key)).json();
    expect(await (await post(`${id}/lead`, token, anna, key)).json()).toEqual(first);
    expect((await post(`${id}/lead`, token, { ...anna, name: "Eve" }, key)).status).toBe(422);
    const byWords = await (await post(`${id}/lead`, token, { ...anna, name: "Olga" })).json();
    expect(await (await post(`${id}/lead`, token, { ...anna, name: "Olga" })).json()).toEqual(byWords);
    expect(byWords.id).not.toBe(first.id);
    const counted = "select count(*)::int as n from leads l join conversations c on c.id = l.conversation_id where c.client_id = $1";
    expect(await rows(counted, [id])).toEqual([{ n: 2 }]);
  });

  it.each([
    ["nothing", {}, 400],
    ["no way to answer", { name: "Anna", consent: true }, 400],
    ["without a name, which is asked for", { ...anna, name: undefined }, 400],
    ["without the consent, which is asked for", { ...anna, consent: false }, 400],
    ["no e-mail address", { ...anna, email: "anna" }, 400],
    ["no phone number", { ...anna, phone: "call me" }, 400],
    ["a phone number of signs alone", { ...anna, phone: "\t+(\n\t" }, 400],
    ["four digits", { ...anna, phone: "+ (1) 2-3.4     " }, 400],
    ["another's visitor", { ...anna, visitorId: randomUUID() }, 400],
    ["too many fields", { ...anna, fields: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}`, "x".repeat(100)])) }, 400],
    ["not an object", [], 400],
  ])("is refused: %s", async (_, body, status) => {
    const { token } = await openSession();
    expect((await post(`${randomUUID()}/lead`, token, body)).status).toBe(status);
  });

  it("is refused where the agent takes none, and beyond the limit of a visitor", async () => {
    const { token } = await openSession(plain);
    expect((await post("x/lead", token, anna)).status).toBe(409);
    const eager = await openSession();
    const many = await Promise.all(
      Array.from({ length: LIMITS.contactVisitor.limit + 2 }, (_, n) => post("c/lead", eager.token, { ...anna, name: `A${n}` })),
    );
    expect(many.filter(({ status }) => status === 201)).toHaveLength(LIMITS.contactVisitor.limit);
    expect(many.filter(({ status }) => status === 429)).toHaveLength(2);
  });

  it("T09: the same id in another visitor's browser is another conversation", async () => {
    const [mine, theirs] = [await openSession(), await openSession()];
    const id = randomUUID();
    await post(`${id}/lead`, mine.token, anna);
    expect((await call(portal, `/api/v1/conversations/${id}`, theirs.token)).status).toBe(404);
    await post(`${id}/lead`, theirs.token, anna);
    const owners = await rows<{ visitor_id: string }>(
      "select l.visitor_id from leads l join conversations c on c.id = l.conversation_id where c.client_id = $1",
      [id],
    );
    expect(owners.map((row) => row.visitor_id).sort()).toEqual([mine.visitorId, theirs.visitorId].sort());
  });

  it("goes with the conversation when the visitor erases it", async () => {
    const { token, visitorId } = await openSession();
    await post("gone/lead", token, anna);
    expect((await call(portal, "/api/v1/conversations/gone", token, { method: "DELETE" })).status).toBe(204);
    expect(await rows("select 1 from leads where visitor_id = $1", [visitorId])).toEqual([]);
  });
});

describe("POST end", () => {
  it("ends it; a new message opens it again", async () => {
    const { token } = await openSession();
    const id = randomUUID();
    await ask(token, id);
    const ended = () => rows("select ended_by from conversations where client_id = $1", [id]);
    expect((await post(`${id}/end`, token, {})).status).toBe(204);
    expect(await ended()).toEqual([{ ended_by: "visitor" }]);
    await ask(token, id);
    expect(await ended()).toEqual([{ ended_by: null }]);
    expect((await post(`${randomUUID()}/end`, token, {})).status).toBe(404);
  });
});

describe("GET config", () => {
  const config = async (of: SeededAgent) =>
    (await fetch(`${portal.url}/api/v1/agents/${of.publicId}/config`, { headers: { origin: SHOP, ...address() } })).json();
  it("says what is asked for, and whether there is a person", async () => {
    expect(await config(agent)).toMatchObject({
      handoff: true,
      lead: {
        fields: [
          { name: "name", required: true },
          { name: "email", required: false },
          { name: "phone", required: false },
        ],
        consent: CONSENT,
      },
    });
    expect(await config(plain)).toMatchObject({ handoff: false, lead: null });
  });
});
