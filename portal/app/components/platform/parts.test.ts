import { describe, expect, test } from "vitest";
import type { PortalState } from "~/http/portal-state.server";
import type { PlatformStatus } from "~/models/status.server";
import { healthOf, waitingJobs } from "./parts";

const portal: PortalState = {
  version: "1",
  node: "20",
  upSeconds: 60,
  memoryBytes: 1,
  databaseMs: 4,
  storageMs: 4,
  redisMs: 1,
  streams: 0,
  running: 0,
  starting: 0,
  lagMs: 1,
  busy: 0,
  responder: { kind: "model", model: "m" },
  leftOut: [],
};
const worker = {
  id: "w",
  host: "h",
  version: "1",
  store: "redis",
  seenAt: "",
  alive: true,
  running: 0,
  concurrency: 8,
  depths: { waiting: 0, active: 0 },
};
const job = { name: "source.read", waiting: 0, later: 0, inFlight: 0, oldestSeconds: 0, inFlightSeconds: 0, dead: 0, paused: false };
const status = {
  at: "2026-11-26T12:00:00Z",
  database: { bytes: 1, connections: 3, maxConnections: 100 },
  queue: [job],
  workersAlive: 1,
  workers: [worker],
  lastBackup: "2026-11-26T03:00:00Z",
} as unknown as PlatformStatus;

test("all is well", () => {
  expect(new Set(Object.values(healthOf(status, portal)))).toEqual(new Set(["ok"]));
});

describe("a part that is not", () => {
  test.each<[string, Partial<PlatformStatus>, Partial<PortalState>, string, string]>([
    ["no answer from the database", {}, { databaseMs: null }, "database", "failed"],
    ["a slow one", {}, { databaseMs: 1_500 }, "database", "warning"],
    ["connections used up", { database: { bytes: 1, connections: 90, maxConnections: 100 } }, {}, "database", "warning"],
    ["no storage", {}, { storageMs: null }, "storage", "failed"],
    ["no Redis is set up", {}, { redisMs: undefined }, "redis", "unused"],
    ["no Redis", {}, { redisMs: null }, "redis", "failed"],
    ["no worker", { workersAlive: 0, workers: [{ ...worker, alive: false }] }, {}, "workers", "failed"],
    ["nobody to ask for the store", { workers: [] }, {}, "queueStore", "unknown"],
    ["no worker reaches the store", { workers: [{ ...worker, depths: null }] }, {}, "queueStore", "failed"],
    ["one of two does not", { workers: [worker, { ...worker, depths: null }] }, {}, "queueStore", "warning"],
    ["a job that has waited long", { queue: [{ ...job, waiting: 1, oldestSeconds: 700 }] }, {}, "outbox", "warning"],
    ["one that waits because it is paused", { queue: [{ ...job, waiting: 1, oldestSeconds: 700, paused: true }] }, {}, "outbox", "ok"],
    ["a dead job", { queue: [{ ...job, dead: 1 }] }, {}, "outbox", "warning"],
    ["a model that is left out", {}, { leftOut: [{ model: "m", seconds: 5 }] }, "models", "warning"],
    ["all of them", {}, { leftOut: [{ model: "(endpoint)", seconds: 5 }] }, "models", "failed"],
    ["no model is set up", {}, { responder: { kind: "quotes", model: null } }, "models", "unused"],
    ["a late event loop", {}, { lagMs: 900 }, "streams", "warning"],
    ["an old backup", { lastBackup: "2026-11-25T03:00:00Z" }, {}, "backup", "warning"],
    ["none", { lastBackup: null }, {}, "backup", "unused"],
  ])("%s", (_, changed, seen, part, health) => {
    expect(healthOf({ ...status, ...changed }, { ...portal, ...seen })[part as "database"]).toBe(health);
  });

  test("figures that could not be read leave unknown what only they tell", () => {
    const health = healthOf(null, portal);
    expect([health.workers, health.outbox, health.queueStore, health.backup]).toEqual(["unknown", "unknown", "unknown", "unknown"]);
    expect([health.database, health.storage, health.models]).toEqual(["ok", "ok", "ok"]);
  });
});

test("waiting jobs are counted without those that are paused", () => {
  const queue = [
    { ...job, waiting: 2, oldestSeconds: 9 },
    { ...job, waiting: 5, oldestSeconds: 99, paused: true },
    { ...job, dead: 3, oldestSeconds: 50 },
  ];
  expect(waitingJobs({ queue })).toEqual({ waiting: 2, seconds: 9, dead: 3 });
});
