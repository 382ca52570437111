import { randomUUID } from "node:crypto";
import type { FieldMapping } from "@gpt-agent/core/crm/crm-settings";
import { phoneDigits } from "@gpt-agent/core/phones";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { must, rows } from "../ingest/test-knowledge.ts";
import { handleJob, type JobDeps } from "../jobs/index.ts";
import { type CrmWorld, found, mortal, startCrmWorld, startFastAmocrm } from "./test-world.ts";

let world: CrmWorld;
beforeAll(async () => {
  world = await startCrmWorld("amocrm", startFastAmocrm);
});
afterAll(() => world?.close());
beforeEach(() => world.reset());

const TEXT = "300003";
const line = (theirs: string, direction: FieldMapping["direction"]): FieldMapping => ({
  object: "contact",
  ours: direction === "in" ? null : "lead_message",
  theirs,
  label: theirs,
  direction,
  agentMayRead: true,
});
const kept = () => rows(world.db.from("crm_contacts").select("*").order("external_id"));
const live = async () => (await kept()).filter(({ deleted_at }) => deleted_at === null);
const pullOf = (id: string) => found(world.db.from("crm_pulls").select("*").eq("connection_id", id).single());
const people = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    world.fake.addContact({
      name: `Person ${n}`,
      email: `p${n}@example.com`,
      phone: `+7916${String(1_000_000 + n)}`,
      fields: { [TEXT]: `t${n}`, "300007": n },
    }),
  );
const due = (id: string) =>
  must(
    world.db
      .from("crm_pulls")
      .update({ due_at: new Date(0).toISOString() })
      .eq("connection_id", id),
  );
const run = (name: string, payload: object, deps: JobDeps = world.deps(), id: string = randomUUID()) =>
  handleJob({ id, turn: 1, stalls: 0, name, payload, attempt: 1, lastAttempt: true, signal: new AbortController().signal }, deps);
const writes = () =>
  world.fake.requests.filter(({ method, path }) => method !== "GET" && path.startsWith("/api/") && !path.endsWith("/webhooks"));

describe("reading contacts", () => {
  test("takes all of them with the fields that come in, then what changes, and never writes", async () => {
    const all = people(230);
    const id = await world.connect({ pull: true, fields: [line(TEXT, "in"), line("300007", "out")] });
    expect(await world.work()).toEqual([]);
    expect((await live()).map(({ external_id }) => external_id).sort()).toEqual(all.map((one) => one.id).sort());
    expect((await live())[0]!.fields).toEqual({ [TEXT]: expect.stringMatching(/^t\d+$/) });
    expect(await pullOf(id)).toMatchObject({ mode: "backfill", contacts: 230, cursor: null, lease: null });
    expect((await world.connection(id)).last_pull_at).not.toBeNull();
    world.fake.change(all[7]!.id, { name: "Changed", updatedAt: Date.now() + 1_000 });
    world.fake.contacts.get(all[7]!.id)!.updatedAt = Date.now() + 1_500;
    await due(id);
    await run("crm.poll", {});
    expect(await world.work()).toEqual([]);
    expect((await live()).filter(({ name }) => name === "Changed").map(({ external_id }) => external_id)).toEqual([all[7]!.id]);
    expect(await pullOf(id)).toMatchObject({ mode: "changes" });
    // No loop: what came in goes nowhere.
    expect(writes()).toEqual([]);
    expect(await rows(world.db.from("crm_pushes").select("id"))).toEqual([]);
  });

  test("what one pushes comes in again and is not pushed again", async () => {
    const id = await world.connect({ pull: true, fields: [line(TEXT, "both")], conflict: "ours" });
    const visitorId = await world.visitor();
    await world.lead(visitorId, await world.conversation(visitorId), { email: "anna@example.com", message: "Call me" });
    await world.work();
    const before = writes().length;
    for (let round = 0; round < 3; round++) {
      await due(id);
      await run("crm.pull", { connectionId: id });
      await world.work();
    }
    expect((await live())[0]).toMatchObject({ email: "anna@example.com", fields: { [TEXT]: "Call me" } });
    expect(writes()).toHaveLength(before);
  });

  test.each(["before", "after"] as const)("a worker that is killed %s any step loses nothing and doubles nothing", async (when) => {
    const all = people(250);
    const id = await world.connect({ pull: true, fields: [line(TEXT, "in")] });
    await must(world.db.from("outbox").delete().not("id", "is", null));
    let killed = 0;
    for (let at = 1; at <= 40; at++) {
      const dying = mortal(world.deps(), 3 + (at % 6), when);
      await run("crm.pull", { connectionId: id }, dying).catch(() => killed++);
      // The lease of a dead worker runs out.
      await world.backend.db.exec("update crm_pulls set lease_until = now() - interval '1 second' where lease is not null");
      if ((await pullOf(id)).ended_at) break;
    }
    expect(killed).toBeGreaterThan(1);
    const { ended_at, contacts } = await pullOf(id);
    expect(ended_at).not.toBeNull();
    expect(contacts).toBe(250);
    expect((await live()).map(({ external_id }) => external_id).sort()).toEqual(all.map((one) => one.id).sort());
  });

  test("one that lost its lease stores nothing", async () => {
    people(5);
    const id = await world.connect({ pull: true });
    await must(world.db.rpc("begin_crm_pull", { connection: id, job: "slow", lease_seconds: 0 }));
    await must(world.db.rpc("begin_crm_pull", { connection: id, job: "quick" }));
    const page = { connection: id, at_cursor: null, page: [], gone: [], next_cursor: "2" };
    expect(await must(world.db.rpc("store_crm_page", { ...page, job: "slow" }))).toBe(false);
    expect(await must(world.db.rpc("store_crm_page", { ...page, job: "quick" }))).toBe(true);
    // And nobody stores a page twice.
    expect(await must(world.db.rpc("store_crm_page", { ...page, job: "quick" }))).toBe(false);
  });

  test("another choice of fields reads everything anew; none keeps nothing", async () => {
    people(3);
    const settings = await world
      .connect({ pull: true, fields: [line(TEXT, "in")] })
      .then(async (id) => ({ id, row: await world.connection(id) }));
    await world.work();
    const change = (patch: object) =>
      must(
        world.db
          .from("connections")
          .update({ settings: { ...(settings.row.settings as object), ...patch } })
          .eq("id", settings.id),
      );
    await change({ fields: [line("300007", "in")] });
    expect((await live()).map(({ fields }) => fields)).toEqual([{}, {}, {}]);
    await world.work();
    expect((await live()).map(({ fields }) => fields)).toEqual([0, 1, 2].map((n) => ({ "300007": n })));
    await change({ pull: false });
    expect(await kept()).toEqual([]);
    expect(await rows(world.db.from("crm_pulls").select("org_id"))).toEqual([]);
  });
});

describe("events", () => {
  const receive = (id: string, events: object[]) => must(world.db.rpc("receive_crm_events", { connection: id, events: events as never }));
  const events = () => rows(world.db.from("inbound_events").select("*").order("id"));

  test("C4: 1,000 events, three times each, shuffled, eight at a time, have exactly 1,000 effects", async () => {
    const id = await world.connect({ pull: true, fields: [line(TEXT, "in")] });
    await world.work();
    const all = people(250);
    const sent = [0, 1, 2].flatMap(() =>
      Array.from({ length: 1_000 }, (_, n) => ({ id: `e-${n}`, kind: "changed", contactId: all[n % 250]!.id })),
    );
    let seed = 7;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    for (let at = sent.length - 1; at > 0; at--) {
      const other = Math.floor(random() * (at + 1));
      [sent[at], sent[other]] = [sent[other]!, sent[at]!];
    }
    const fresh: number[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let some = sent.splice(0, 25); some.length; some = sent.splice(0, 25)) fresh.push((await receive(id, some)) ?? 0);
      }),
    );
    expect(fresh.reduce((sum, count) => sum + count, 0)).toBe(1_000);
    const reads = () => world.fake.requests.filter(({ method, path }) => method === "GET" && /\/contacts\/\d+/.test(path)).length;
    const before = reads();
    await must(world.db.from("outbox").delete().neq("name", "crm.inbound"));
    expect(await world.work()).toEqual([]);
    expect(reads() - before).toBe(250);
    expect(await live()).toHaveLength(250);
    const done = await world.backend.db.query("select status, count(*)::int as events from inbound_events group by 1");
    expect(done.rows).toEqual([{ status: "done", events: 1_000 }]);
  }, 180_000);

  test("several about one contact are done with one look; a deleted contact goes and stays gone", async () => {
    const [one] = people(1);
    const id = await world.connect({ pull: true, fields: [line(TEXT, "in")] });
    await world.work();
    const before = world.fake.requests.length;
    await receive(
      id,
      [1, 2, 3, 4, 5].map((n) => ({ id: `e${n}`, kind: "changed", contactId: one!.id })),
    );
    await world.work();
    expect(world.fake.requests.length - before).toBe(1);
    expect((await events()).map(({ status }) => status)).toEqual(Array(5).fill("done"));
    const stale = {
      externalId: one!.id,
      name: "Old",
      email: null,
      phone: null,
      fields: {},
      url: null,
      changedAt: new Date(one!.updatedAt).toISOString(),
    };
    world.fake.contacts.delete(one!.id);
    await receive(id, [{ id: "e9", kind: "deleted", contactId: one!.id }]);
    await world.work();
    expect(await live()).toEqual([]);
    expect((await kept())[0]).toMatchObject({ name: null, email: null, phone: null, fields: {} });
    // A page that was read before it was deleted does not bring it back.
    await must(world.db.rpc("store_crm_contacts", { connection: id, contacts: [stale], gone: [] }));
    expect(await live()).toEqual([]);
  });

  test("that keep failing are dead letters, with their reason", async () => {
    const [one] = people(1);
    const id = await world.connect({ pull: true });
    await world.work();
    await receive(id, [{ id: "e1", kind: "changed", contactId: one!.id }]);
    world.fake.failNext({ status: 500, json: {} });
    expect(await world.work()).toEqual(["crm.inbound"]);
    expect((await events())[0]).toMatchObject({ status: "dead", error_code: "unavailable", attempts: 1 });
  });
});

test("a phone number has one key, in the database and here", async () => {
  const numbers = [
    ...["+7 916 123-45-67", "8 (916) 123-45-67", " 007 916 123 45 67", "79161234567", "+86 10 1234 567", "0086 10 1234 567"],
    ...["86101234567", "+81 90 1234 5678", "020 7946 0958", "12-34", "00 12345", "ext. 12", "", "\t+44 20 7946 0958"],
  ];
  const { rows: keys } = await world.backend.db.query<{ key: string | null }>(
    "select private.phone_key(n) as key from unnest($1::text[]) with ordinality as given (n, at) order by at",
    [numbers],
  );
  expect(keys.map(({ key }) => key ?? "")).toEqual(numbers.map(phoneDigits));
});
