import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@gpt-agent/core/errors";
import { createLog } from "@gpt-agent/core/log";
import { afterEach, describe, expect, it } from "vitest";
import { Admission, type AdmissionLimits } from "./admission.ts";

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
