import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addIdentityKey, freshIdentitySecret, readPublicKey } from "../models/identity-key.server.ts";
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

let portal: TestPortal;
let agent: SeededAgent;
let other: SeededAgent;
let closed: SeededAgent;
const secret = { agent: freshIdentitySecret(), old: freshIdentitySecret(), other: freshIdentitySecret(), closed: freshIdentitySecret() };
const pair = generateKeyPairSync("ed25519");
const strangerPair = generateKeyPairSync("ed25519");
const pem = (key: KeyObject) => String(key.export({ type: "spki", format: "pem" }));
const keyIds: Record<string, string> = {};

beforeAll(async () => {
  portal = await startTestPortal({ TRUSTED_PROXIES: "1" });
  const passages = [{ body: "The warranty lasts ten years. It covers leaks." }];
  agent = await seedAgent(portal.backend, { passages });
  other = await seedAgent(portal.backend, { passages });
  closed = await seedAgent(portal.backend, { passages, settings: { visitors: { enforce: true } } });
  const { service, secretBox } = portal.services;
  const add = async (of: SeededAgent, name: string, key: { secret: string } | { publicKey: string }) => {
    keyIds[name] = randomUUID();
    await addIdentityKey(service, secretBox, { orgId: of.orgId, agentId: of.agentId, userId: of.ownerId, id: keyIds[name], name, ...key });
  };
  await add(agent, "agent", { secret: secret.agent });
  await add(agent, "old", { secret: secret.old });
  await add(agent, "eddsa", { publicKey: pem(pair.publicKey) });
  await add(other, "other", { secret: secret.other });
  await add(closed, "closed", { secret: secret.closed });
});
afterAll(() => portal.close());

const now = () => Math.floor(Date.now() / 1000);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
/** A token put together by hand, so that each case is wrong in its own way alone. */
function made(claims: object, key: string | Buffer | KeyObject, header: object = { alg: "HS256" }, hash = "sha256"): string {
  const signed = `${part(header)}.${part({ sub: "customer-1", aud: agent.publicId, exp: now() + 300, ...claims })}`;
  const signature =
    typeof key === "string" || Buffer.isBuffer(key) ? createHmac(hash, key).update(signed).digest() : sign(null, Buffer.from(signed), key);
  return `${signed}.${signature.toString("base64url")}`;
}
/** Each call has an address of its own, so that none uses up another's limits. */
const address = () => ({ "x-forwarded-for": `10.${randomBytes(3).join(".")}` });
const openSession = (of: SeededAgent, body: object = {}) => openSessionFrom(portal, of, body, SHOP, address());
const post = (of: SeededAgent, body: object) =>
  fetch(`${portal.url}/api/v1/agents/${of.publicId}/sessions`, {
    method: "POST",
    headers: { origin: SHOP, "content-type": "application/json", ...address() },
    body: JSON.stringify(body),
  });
const visitorRow = async (id: string) =>
  (
    await portal.backend.db.query<Record<string, unknown>>(
      "select external_id, email, phone, name, verified_at from visitors where id = $1",
      [id],
    )
  ).rows[0];
const ask = (of: SeededAgent, token: string, id = randomUUID()) =>
  call(portal, `/api/v1/agents/${of.publicId}/chat`, token, { body: question("How long is the warranty?", { id }) });

describe("an identity token", () => {
  it("opens a session of the visitor it names, one for each external id, with what it says of them", async () => {
    const first = await openSession(agent, {
      identityToken: made({ sub: "u-1", email: "Anna@Shop.Example", phone: "8 912 345-67-89", name: " Anna " }, secret.agent),
    });
    expect(await visitorRow(first.visitorId)).toMatchObject({
      external_id: "u-1",
      email: "anna@shop.example",
      phone: "+79123456789",
      name: "Anna",
      verified_at: expect.any(String),
    });
    const again = await openSession(agent, { identityToken: made({ sub: "u-1", email: 17, phone: "n/a" }, secret.agent) });
    expect(again.visitorId).toBe(first.visitorId);
    expect(await visitorRow(again.visitorId)).toMatchObject({ email: "anna@shop.example", phone: "+79123456789" });
    const third = await openSession(agent, { identityToken: made({ sub: "u-2", email: "anna@shop.example" }, secret.agent) });
    expect(third.visitorId).not.toBe(first.visitorId);
  });

  it.each([
    ["an older key, while both are there", () => made({}, secret.old)],
    ["a key by its id", () => made({}, secret.agent, { alg: "HS256", kid: keyIds.agent })],
    ["an Ed25519 key", () => made({}, pair.privateKey, { alg: "EdDSA" })],
    ["an Ed25519 key under the algorithm's newer name", () => made({}, pair.privateKey, { alg: "Ed25519", kid: keyIds.eddsa })],
    ["clocks a little apart", () => made({ exp: now() - 30, nbf: now() + 30, iat: now() + 30 }, secret.agent)],
    ["an audience of several", () => made({ aud: ["shop", agent.publicId] }, secret.agent)],
  ])("is believed: %s", async (_, token) => {
    expect((await post(agent, { identityToken: token() })).status).toBe(201);
  });

  const big = "x".repeat(10_001);
  const refused: [string, () => string, number?][] = [
    ["alg none", () => `${made({}, secret.agent, { alg: "none" }).split(".").slice(0, 2).join(".")}.`],
    ["alg none with a signature", () => made({}, secret.agent, { alg: "none" })],
    ["alg None in another case", () => made({}, secret.agent, { alg: "nOnE" })],
    ["no alg", () => made({}, secret.agent, {})],
    ["alg toString", () => made({}, secret.agent, { alg: "toString" })],
    ["HS512", () => made({}, secret.agent, { alg: "HS512" }, "sha512")],
    ["RS256 signed with the shared secret", () => made({}, secret.agent, { alg: "RS256" })],
    ["HS256 signed with the public key as it is written", () => made({}, pem(pair.publicKey), { alg: "HS256" })],
    ["HS256 signed with the public key's bytes", () => made({}, pair.publicKey.export({ type: "spki", format: "der" }), { alg: "HS256" })],
    ["EdDSA with an HMAC of the shared secret", () => made({}, secret.agent, { alg: "EdDSA" })],
    ["EdDSA of an unknown key", () => made({}, strangerPair.privateKey, { alg: "EdDSA" })],
    [
      "a key inside the token",
      () => made({}, strangerPair.privateKey, { alg: "EdDSA", jwk: strangerPair.publicKey.export({ format: "jwk" }) }),
    ],
    ["a kid that is a path", () => made({}, "", { alg: "HS256", kid: "../../../../dev/null" })],
    ["a kid that is SQL", () => made({}, "x", { alg: "HS256", kid: "' union select 'x' --" })],
    ["the kid of another key", () => made({}, secret.agent, { alg: "HS256", kid: keyIds.old })],
    ["the kid of another agent's key", () => made({}, secret.other, { alg: "HS256", kid: keyIds.other })],
    ["an unknown critical header", () => made({}, secret.agent, { alg: "HS256", crit: ["exp"], exp: 1 })],
    ["expired", () => made({ exp: now() - 90 }, secret.agent)],
    ["no exp", () => made({ exp: undefined }, secret.agent)],
    ["valid for longer than a day", () => made({ exp: now() + 2 * 86_400 }, secret.agent)],
    ["nbf in the future", () => made({ nbf: now() + 3_600 }, secret.agent)],
    ["issued in the future", () => made({ iat: now() + 3_600 }, secret.agent)],
    ["another agent's audience", () => made({ aud: other.publicId }, secret.agent)],
    ["no audience", () => made({ aud: undefined }, secret.agent)],
    ["another organization's secret", () => made({}, secret.other)],
    ["an empty secret", () => made({}, "")],
    ["no sub", () => made({ sub: undefined }, secret.agent)],
    ["a sub that is no text", () => made({ sub: 1 }, secret.agent)],
    ["a sub with a NUL", () => made({ sub: "a\u0000" }, secret.agent)],
    [
      "a changed claim",
      () => made({}, secret.agent).replace(/\.[^.]+\./, `.${part({ sub: "boss", aud: agent.publicId, exp: now() + 9 })}.`),
    ],
    ["a cut signature", () => made({}, secret.agent).slice(0, -4)],
    ["no JWT", () => "not.a.jwt"],
    ["more than 10 KB", () => made({ name: big }, secret.agent), 400],
    ["a visitor's session token", () => sessionToken],
  ];
  let sessionToken: string;
  beforeAll(async () => {
    sessionToken = (await openSession(agent)).token;
  });
  it.each(refused)("B2: is refused: %s", async (_, token, status = 401) => {
    const before = await portal.backend.db.query("select count(*) from visitors");
    const response = await post(agent, { identityToken: token() });
    expect([response.status, (await response.json()).code]).toEqual([status, status === 401 ? "unauthenticated" : "invalid_request"]);
    expect((await portal.backend.db.query("select count(*) from visitors")).rows).toEqual(before.rows);
  });

  it("B2: a revoked key opens nothing from the next request on, the others still do", async () => {
    const token = made({}, secret.old);
    expect((await post(agent, { identityToken: token })).status).toBe(201);
    await portal.backend.db.query("delete from identity_keys where id = $1", [keyIds.old]);
    expect((await post(agent, { identityToken: token })).status).toBe(401);
    expect((await post(agent, { identityToken: made({}, secret.agent) })).status).toBe(201);
  });

  it("keeps its secret sealed: what is stored is not what was shown", async () => {
    const { rows } = await portal.backend.db.query<Record<string, unknown>>("select * from identity_keys");
    for (const shown of Object.values(secret)) expect(JSON.stringify(rows)).not.toContain(shown);
  });
});

describe("B1: a verified visitor's history", () => {
  const identify = (sub: string, more: object = {}) => openSession(agent, { identityToken: made({ sub }, secret.agent), ...more });

  it("is seen on another device, and by nobody without their own token", async () => {
    const phone = await identify("history");
    const id = randomUUID();
    await readAnswer(await ask(agent, phone.token, id));
    const laptop = await identify("history");
    expect(laptop.conversations.map((one) => one.id)).toEqual([id]);
    expect((await call(portal, `/api/v1/conversations/${id}`, laptop.token)).status).toBe(200);

    // The token of a verified session, kept by a browser: it is no proof of who sits there now.
    const leftBehind = await openSession(agent, { visitorToken: phone.token });
    expect(leftBehind.visitorId).not.toBe(phone.visitorId);
    expect(leftBehind.conversations).toEqual([]);
    const stranger = await identify("stranger", { visitorToken: phone.token });
    expect(stranger.conversations).toEqual([]);
    for (const session of [leftBehind, stranger, await openSession(agent)]) {
      for (const [path, method] of [
        ["", "GET"],
        ["/export", "GET"],
        ["", "DELETE"],
        ["/end", "POST"],
      ] as const)
        expect((await call(portal, `/api/v1/conversations/${id}${path}`, session.token, { method })).status).toBe(404);
    }
    expect((await call(portal, `/api/v1/conversations/${id}`, phone.token)).status).toBe(200);
  });

  it("is not opened by the same e-mail address, given as a lead or by another token", async () => {
    const anna = await openSession(agent, { identityToken: made({ sub: "anna", email: "a@shop.example" }, secret.agent) });
    const id = randomUUID();
    await readAnswer(await ask(agent, anna.token, id));
    const sameMail = await openSession(agent, { identityToken: made({ sub: "eve", email: "a@shop.example" }, secret.agent) });
    expect(sameMail.conversations).toEqual([]);
    expect((await call(portal, `/api/v1/conversations/${id}`, sameMail.token)).status).toBe(404);
  });

  it("takes along the conversations that an unknown visitor has open in that browser, and only those", async () => {
    const unknown = await openSession(agent);
    const [open, ended] = [randomUUID(), randomUUID()];
    await readAnswer(await ask(agent, unknown.token, open));
    await readAnswer(await ask(agent, unknown.token, ended));
    expect((await call(portal, `/api/v1/conversations/${ended}/end`, unknown.token, { method: "POST" })).status).toBe(204);
    const known = await identify("takes-along", { visitorToken: unknown.token });
    expect(known.visitorId).not.toBe(unknown.visitorId);
    expect(known.conversations.map((one) => one.id)).toEqual([open]);
    expect((await call(portal, `/api/v1/conversations/${open}`, unknown.token)).status).toBe(404);
    expect((await call(portal, `/api/v1/conversations/${ended}`, unknown.token)).status).toBe(200);
    await readAnswer(await ask(agent, known.token, open));
    const thread = await (await call(portal, `/api/v1/conversations/${open}`, known.token)).json();
    expect(thread.messages).toHaveLength(4);
  });

  it("takes nothing from an unknown visitor of another page or agent", async () => {
    const elsewhere = await openSession(other);
    await readAnswer(await ask(other, elsewhere.token));
    expect((await identify("elsewhere", { visitorToken: elsewhere.token })).conversations).toEqual([]);
  });
});

describe("B3: an agent that talks to verified visitors alone", () => {
  const runs = async () => (await portal.backend.db.query("select count(*) from runs where agent_id = $1", [closed.agentId])).rows;
  const signed = () => made({ aud: closed.publicId }, secret.closed);
  const enforce = async (on: boolean) => {
    await portal.backend.db.exec("alter table agent_versions disable trigger user");
    await portal.backend.db.query("update agent_versions set settings = $1 where agent_id = $2", [
      JSON.stringify({ visitors: { enforce: on } }),
      closed.agentId,
    ]);
    await portal.backend.db.exec("alter table agent_versions enable trigger user");
    // The door believes what it read for a second.
    await expect.poll(async () => (await post(closed, {})).status, { timeout: 5_000, interval: 200 }).toBe(on ? 401 : 201);
  };

  it("opens no session without a token, and no model is asked", async () => {
    const before = await runs();
    expect((await post(closed, {})).status).toBe(401);
    expect((await post(closed, { identityToken: made({}, secret.agent) })).status).toBe(401);
    expect(await runs()).toEqual(before);
    const session = await openSession(closed, { identityToken: signed() });
    expect((await readAnswer(await ask(closed, session.token))).text).toContain("ten years");
  });

  const BEFORE = randomUUID();
  it("stops listening to a session from before", async () => {
    await enforce(false);
    const session = await openSession(closed);
    await readAnswer(await ask(closed, session.token, BEFORE));
    await enforce(true);
    const before = await runs();
    expect((await ask(closed, session.token)).status).toBe(401);
    expect((await call(portal, `/api/v1/conversations/${BEFORE}`, session.token)).status).toBe(401);
    expect(await runs()).toEqual(before);
  });

  it("lets a member's preview in, as nobody in particular, and only to the agent it was made for", async () => {
    const { tokens } = portal.services.visitorApi();
    const identityToken = await tokens.signPreview(closed.publicId);
    const session = await openSession(closed, { identityToken });
    expect(await visitorRow(session.visitorId)).toMatchObject({ external_id: null, verified_at: null });
    expect((await ask(closed, session.token)).status).toBe(200);
    expect((await post(agent, { identityToken })).status).toBe(401);
  });
});

describe("a public key", () => {
  it("is taken as PEM and as JWK", () => {
    expect(readPublicKey(pem(pair.publicKey))).toBe(pem(pair.publicKey));
    expect(readPublicKey(JSON.stringify(pair.publicKey.export({ format: "jwk" })))).toBe(pem(pair.publicKey));
  });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  it.each([
    ["a private key", String(pair.privateKey.export({ type: "pkcs8", format: "pem" }))],
    ["a private JWK", JSON.stringify(pair.privateKey.export({ format: "jwk" }))],
    ["an RSA key", pem(rsa.publicKey)],
    ["a symmetric JWK", JSON.stringify({ kty: "oct", k: randomBytes(32).toString("base64url") })],
    ["nonsense", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"],
    ["nothing", ""],
  ])("is not %s", (_, typed) => {
    expect(readPublicKey(typed)).toBeNull();
  });
});
