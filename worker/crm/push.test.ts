import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { must, rows } from "../ingest/test-knowledge.ts";
import { handleJob } from "../jobs/index.ts";
import { type CrmWorld, found, mortal, startCrmWorld, startFastAmocrm } from "./test-world.ts";

let world: CrmWorld;
beforeAll(async () => {
  world = await startCrmWorld("amocrm", startFastAmocrm);
});
afterAll(() => world?.close());
beforeEach(() => world.reset());

const everything = { deal: true, summaryNote: true, transcriptNote: true, tags: ["site"] };
const anna = { name: "Anna Petrova", email: "anna@example.com", phone: "+79161234567", message: "Call me" };
const counts = () => [world.fake.contacts.size, world.fake.deals.size, world.fake.notes.size];
const pushOf = async (conversationId: string) =>
  found(world.db.from("crm_pushes").select("*").eq("conversation_id", conversationId).single());
const leadOf = async (given: Partial<typeof anna> = anna, verified?: Parameters<CrmWorld["visitor"]>[0]) => {
  const visitorId = await world.visitor(verified);
  const conversationId = await world.conversation(visitorId);
  await world.lead(visitorId, conversationId, given);
  return { visitorId, conversationId };
};
const end = (conversationId: string) =>
  must(world.db.from("conversations").update({ ended_at: new Date().toISOString(), ended_by: "idle" }).eq("id", conversationId));

describe("writing a conversation", () => {
  test("makes a contact, a deal and notes of a lead, and writes nothing again that has not changed", async () => {
    const id = await world.connect({ write: everything });
    const { conversationId } = await leadOf();
    expect(await world.work()).toEqual([]);
    expect(counts()).toEqual([1, 1, 2]);
    const [contact] = [...world.fake.contacts.values()];
    expect(contact).toMatchObject({ name: "Anna Petrova", email: "anna@example.com", tags: ["site"] });
    expect(await pushOf(conversationId)).toMatchObject({
      status: "done",
      done: 1,
      written: { contact: "created", deal: "created", summary: "created", transcript: "created" },
    });
    expect((await world.connection(id)).last_push_at).not.toBeNull();
    const writes = () => world.fake.requests.filter(({ method }) => method !== "GET").length;
    const before = writes();
    await must(
      world.db.from("handoffs").insert({ org_id: world.orgId, agent_id: world.agentId, conversation_id: conversationId, reason: "Price" }),
    );
    await world.work();
    // The summary alone: it now tells of the wish for a person.
    expect(writes() - before).toBe(1);
    expect((await pushOf(conversationId)).written).toMatchObject({ contact: "same", deal: "same", summary: "updated", transcript: "same" });
    expect([...world.fake.notes.values()].filter(({ text }) => text.includes("Asked for a person: Price"))).toHaveLength(1);
  });

  test("of somebody of whom nothing is known is skipped, and says so", async () => {
    await world.connect({ triggers: { leadCaptured: true, handoffRequested: true, conversationEnded: true, qualified: null } });
    const conversationId = await world.conversation(await world.visitor());
    await end(conversationId);
    await world.work();
    expect(await pushOf(conversationId)).toMatchObject({ status: "skipped", error_code: "nobody" });
    expect(counts()).toEqual([0, 0, 0]);
  });

  test("finds who is there by what a token vouched for; what was typed replaces nobody's address", async () => {
    const own = world.fake.addContact({ name: "Anna", email: "anna@example.com", phone: "8 (916) 123-45-67" });
    await world.connect({
      conflict: "ours",
      fields: (["name", "email", "phone"] as const).map((ours) => ({
        object: "contact",
        ours,
        theirs: { name: "name", email: "EMAIL", phone: "PHONE" }[ours],
        label: ours,
        direction: "both",
        agentMayRead: false,
      })),
    });
    await leadOf({ name: "Eve", email: "ANNA@example.com", phone: "+15550001122" });
    await world.work();
    expect([...world.fake.contacts.values()]).toEqual([expect.objectContaining({ id: own.id, name: "Anna", email: "anna@example.com" })]);
    expect(world.fake.contacts.get(own.id)!.phone).toContain("916");
    expect([...world.fake.notes.values()][0]!.text).toContain("+15550001122");
    await leadOf({ email: "typed@example.com" }, { externalId: "u-1", email: "anna@example.com", phone: null, name: "Anna Petrova" });
    await world.work();
    expect(world.fake.contacts.size).toBe(1);
    expect(world.fake.contacts.get(own.id)).toMatchObject({ name: "Anna Petrova", email: "anna@example.com" });
  });

  test("two conversations of one person that are written at once make one contact", async () => {
    await world.connect();
    await leadOf();
    await leadOf();
    const pushes = await rows(world.db.from("crm_pushes").select("id"));
    expect(pushes).toHaveLength(2);
    await Promise.all(
      pushes.map(({ id }) =>
        handleJob(
          {
            id: randomUUID(),
            turn: 1,
            stalls: 0,
            name: "crm.push",
            payload: { pushId: id },
            attempt: 1,
            lastAttempt: true,
            signal: new AbortController().signal,
          },
          world.deps(),
        ),
      ),
    );
    await world.work();
    expect(counts()).toEqual([1, 0, 2]);
  });

  test.each(["before", "after"] as const)(
    "G4: a worker that is killed %s any step doubles nothing and leaves nothing out",
    async (when) => {
      await world.connect({ write: everything });
      await world.work();
      let total = Number.POSITIVE_INFINITY;
      let killed = 0;
      for (let at = 1; at <= total; at++) {
        const lead = { ...anna, email: `p${at}@example.com`, phone: `+7916000${String(1000 + at)}` };
        const { conversationId } = await leadOf(lead);
        await must(world.db.from("outbox").delete().eq("name", "crm.push"));
        const { id: pushId } = await pushOf(conversationId);
        const job = {
          id: randomUUID(),
          turn: 1,
          stalls: 0,
          name: "crm.push",
          payload: { pushId },
          attempt: 1,
          lastAttempt: false,
          signal: new AbortController().signal,
        };
        const dying = mortal(world.deps(), at, when);
        await handleJob(job, dying).then(
          () => (total = dying.steps()),
          () => killed++,
        );
        await handleJob(job, world.deps());
        await world.work();
        expect([at, (await pushOf(conversationId)).status, ...counts()]).toEqual([at, "done", at, at, 2 * at]);
      }
      expect(killed).toBeGreaterThan(10);
    },
    120_000,
  );

  test("a CRM that is away is tried again, then given up with its reason; one that refuses is not asked again", async () => {
    const id = await world.connect();
    await world.work();
    const { conversationId } = await leadOf();
    world.fake.failNext({ status: 503, json: {} });
    expect(await world.work({}, true)).toEqual(["crm.push"]);
    expect(await pushOf(conversationId)).toMatchObject({ status: "failed", error_code: "unavailable" });
    expect(await world.connection(id)).toMatchObject({ status: "failing", error_code: "unavailable" });
    await must(world.db.from("handoffs").insert({ org_id: world.orgId, agent_id: world.agentId, conversation_id: conversationId }));
    world.fake.failNext({ status: 204 }, { status: 204 }, { status: 400, json: { detail: "Bad field" } });
    expect(await world.work({}, false)).toEqual([]);
    expect(await pushOf(conversationId)).toMatchObject({ status: "failed", error_code: "invalid", error_detail: "Bad field" });
    expect(counts()).toEqual([0, 0, 0]);
  });

  test("a limit that is passed postpones the job and counts as no try", async () => {
    const id = await world.connect();
    await world.work();
    const { conversationId } = await leadOf();
    world.fake.failNext({ status: 429, headers: { "retry-after": "7" }, json: {} });
    expect(await world.work()).toEqual([]);
    expect(await pushOf(conversationId)).toMatchObject({ status: "done", error_code: null });
    expect(await world.connection(id)).toMatchObject({ status: "ok", error_code: null });
    const successors = await rows(world.db.from("outbox").select("*").like("dedupe_key", "after:%"));
    expect(successors.map(({ name }) => name)).toEqual(["crm.push"]);
  });

  test("a deleted conversation takes along what we made there, and leaves what was there before", async () => {
    const own = world.fake.addContact({ name: "Anna", email: "anna@example.com" });
    await world.connect({ write: everything });
    const first = await leadOf();
    const second = await leadOf({ email: "new@example.com" });
    await world.work();
    expect(world.fake.contacts.size).toBe(2);
    for (const { conversationId } of [first, second]) await must(world.db.from("conversations").delete().eq("id", conversationId));
    expect(await world.work()).toEqual([]);
    // amoCRM deletes nothing by its API: records are emptied.
    expect(world.fake.contacts.get(own.id)).toMatchObject({ name: "Anna", email: "anna@example.com" });
    expect(JSON.stringify([[...world.fake.contacts.values()], [...world.fake.notes.values()]])).not.toMatch(/new@example|How much/);
    expect(await rows(world.db.from("crm_erasures").select("status").neq("status", "done"))).toEqual([]);
  });
});
