import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { must, rows, startKnowledge, type TestKnowledge } from "./ingest/test-knowledge.ts";
import { Scheduler } from "./scheduler.ts";

const at = (time: string) => Date.parse(time);

describe("scheduled jobs", () => {
  let knowledge: TestKnowledge;
  beforeAll(async () => {
    knowledge = await startKnowledge();
  });
  afterAll(() => knowledge?.close());
  afterEach(() => must(knowledge.db.from("outbox").delete().not("id", "is", null)));

  const schedule = [{ name: "platform.sweep", every: "60s" }];
  const jobs = () => rows(knowledge.db.from("outbox").select("id, name, payload, org_id"));
  const end = async () =>
    must(knowledge.db.rpc("settle_jobs", { outcomes: (await jobs()).map(({ id }) => ({ id, turn: 0, outcome: "done" })) }));
  let minute = at("2026-03-01T10:00:00Z");
  const next = () => (minute += 60_000);

  test("come once a tick, whatever the number of workers", async () => {
    const workers = Array.from({ length: 5 }, () => new Scheduler(knowledge, schedule));
    const now = next();
    expect((await Promise.all(workers.map((worker) => worker.look(now)))).flat()).toEqual(["platform.sweep"]);
    expect((await Promise.all(workers.map((worker) => worker.look(now + 59_999)))).flat()).toEqual([]);
    expect(await jobs()).toEqual([{ id: expect.any(String), name: "platform.sweep", payload: {}, org_id: null }]);
    await end();
    // Another one, started in the middle, with a clock that is behind; then the next tick.
    expect(await new Scheduler(knowledge, schedule).look(now - 120_000)).toEqual([]);
    expect((await Promise.all(workers.map((worker) => worker.look(next())))).flat()).toEqual(["platform.sweep"]);
  });

  test("one that has not ended makes up for the ticks after it", async () => {
    const worker = new Scheduler(knowledge, schedule);
    expect(await worker.look(next())).toEqual(["platform.sweep"]);
    expect(await worker.look(next())).toEqual([]);
    await must(knowledge.db.rpc("mark_outbox_sent", { ids: (await jobs()).map(({ id }) => id) }));
    expect(await worker.look(next())).toEqual([]);
    await end();
    expect(await worker.look(next())).toEqual(["platform.sweep"]);
  });

  test("a clock that is far ahead takes nothing away from the others", async () => {
    expect(await new Scheduler(knowledge, schedule).look(Date.now() + 86_400_000)).toEqual([]);
    expect(await new Scheduler(knowledge, schedule).look(next())).toEqual(["platform.sweep"]);
  });
});
