import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@gpt-agent/core/errors";
import { createLog } from "@gpt-agent/core/log";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Admission, type AdmissionLimits, type Place } from "./admission.ts";

let admission: Admission;
const warned: unknown[][] = [];
const silent = createLog("error", { test: true });
const admit = (limits: Partial<AdmissionLimits>) =>
  (admission = new Admission({ runs: 10, starting: 10, lagMs: 10_000, ...limits }, { ...silent, warn: (...line) => warned.push(line) }));
afterEach(() => {
  admission.dispose();
  warned.length = 0;
});

function refusal(of: Admission): AppError {
  try {
    of.enter();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error("it was let in");
}

describe("H2: admission", () => {
  it("takes on as many answers as it may, and one more for each that ends", () => {
    const full = admit({ runs: 2 });
    const first = full.enter();
    full.enter();
    expect(refusal(full)).toMatchObject({ code: "unavailable", status: 503 });
    first.leave();
    first.leave();
    full.enter();
    expect(refusal(full).code).toBe("unavailable");
  });

  it("tells when no answer is being written: at once, or with the end of the last one", async () => {
    const place = admit({});
    await place.whenIdle();
    const [first, second] = [place.enter(), place.enter()];
    let idle = false;
    const waiting = place.whenIdle().then(() => {
      idle = true;
    });
    first.leave();
    await sleep(5);
    expect(idle).toBe(false);
    second.leave();
    await waiting;
    await place.whenIdle();
  });

  it("begins few at once, however many may run", () => {
    const busy = admit({ starting: 1 });
    const first = busy.enter();
    expect(refusal(busy).code).toBe("unavailable");
    first.started();
    first.started();
    const second = busy.enter();
    second.leave();
    busy.enter();
    expect(refusal(busy).code).toBe("unavailable");
  });

  it("begins fewer at once while beginnings take long, and as many as before once they are short again", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const slow = admit({ starting: 64, runs: 1_000 });
      const begin = (ms: number) => {
        const place = slow.enter();
        vi.advanceTimersByTime(ms);
        place.started();
      };
      const room = () => {
        const places: Place[] = [];
        try {
          for (;;) places.push(slow.enter());
        } catch {
          return places.length;
        } finally {
          for (const place of places) place.leave();
        }
      };
      expect(room()).toBe(64);
      for (let n = 0; n < 30; n++) begin(2_000);
      expect(room()).toBe(16);
      for (let n = 0; n < 200; n++) begin(50);
      expect(room()).toBe(64);
    } finally {
      vi.useRealTimers();
    }
  });

  it("takes on no more than it writes while it uses all of a core; one that writes little is not full", () => {
    vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] });
    try {
      let used = 0;
      const full = new Admission({ runs: 1_000, starting: 1_000, lagMs: 10_000 }, silent, () => used);
      admission = full;
      const pass = (seconds: number, cores: number) => {
        for (let n = 0; n < seconds * 10; n++) {
          used += 100 * cores;
          vi.advanceTimersByTime(100);
        }
      };
      pass(3, 1);
      for (let n = 0; n < 50; n++) full.enter().started();
      expect(refusal(full).code).toBe("unavailable");
      pass(2, 0.5);
      full.enter();
    } finally {
      vi.useRealTimers();
    }
  });

  it("tells those it refuses different times to come back", () => {
    const none = admit({ runs: 0 });
    const times = new Set(Array.from({ length: 50 }, () => refusal(none).retryAfter!));
    expect(times.size).toBeGreaterThan(3);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...times)).toBeLessThanOrEqual(8);
  });

  it("tells the operator of many refusals in one line", async () => {
    const none = admit({ runs: 0 });
    for (let n = 0; n < 20; n++) refusal(none);
    await expect.poll(() => warned).toHaveLength(1);
    expect(warned[0]![1]).toMatchObject({ refused: 20, running: 0 });
  });

  it("takes on nothing while the event loop is late, and opens again by itself", async () => {
    const late = admit({ lagMs: 40 });
    for (let n = 0; n < 3; n++) {
      const until = performance.now() + 300;
      while (performance.now() < until);
      await sleep(5);
    }
    expect(refusal(late).code).toBe("unavailable");
    await expect.poll(() => late.enter(), { timeout: 10_000, interval: 100 }).toBeDefined();
  });
});
