import { describe, expect, test } from "vitest";
import { JOBS, type JobName, jobSpec, scheduleOf } from "./jobs.ts";
import { latestTick, nextTick } from "./schedule.ts";

const at = (time: string) => Date.parse(time);

describe("a schedule", () => {
  test.each([
    [{ every: "60s" }, "2026-03-01T10:00:59.999Z", "2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z"],
    [{ every: "60s" }, "2026-03-01T10:01:00Z", "2026-03-01T10:01:00Z", "2026-03-01T10:02:00Z"],
    [{ every: "5m" }, "2026-03-01T10:04:00Z", "2026-03-01T10:00:00Z", "2026-03-01T10:05:00Z"],
    [{ every: "24h" }, "2026-03-01T23:59:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"],
    [{ cron: "30 3 * * *" }, "2026-03-01T03:30:00Z", "2026-03-01T03:30:00Z", "2026-03-02T03:30:00Z"],
    [{ cron: "30 3 * * *" }, "2026-03-01T03:29:59Z", "2026-02-28T03:30:00Z", "2026-03-01T03:30:00Z"],
    [{ cron: "0 9 * * 1" }, "2026-03-04T12:00:00Z", "2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z"],
  ])("%o at %s has been due at %s and is due again at %s", (schedule, now, latest, next) => {
    expect(new Date(latestTick(schedule, at(now)))).toEqual(new Date(latest));
    expect(new Date(nextTick(schedule, at(now)))).toEqual(new Date(next));
  });

  test.each([{ every: "0s" }, { every: "soon" }, { every: "1d" }, {}, { cron: "61 * * * *" }])("%o is refused", (schedule) => {
    expect(() => latestTick(schedule, 0)).toThrow();
    expect(() => nextTick(schedule, 0)).toThrow();
  });

  test("of each job of the catalogue that has one can be told, and the job needs no payload", () => {
    const names = (Object.keys(JOBS) as JobName[]).filter(scheduleOf);
    expect(names).toContain("platform.sweep");
    expect(names).toContain("platform.backup");
    const now = at("2026-03-01T10:00:30Z");
    for (const name of names) {
      expect(latestTick(scheduleOf(name)!, now)).toBeLessThanOrEqual(now);
      expect(nextTick(scheduleOf(name)!, now)).toBeGreaterThan(now);
      expect(jobSpec(name).payload.safeParse({}).success).toBe(true);
    }
  });
});
