import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@gpt-agent/core/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedis } from "../../../../e2e/fakes/redis.ts";
import { createLimiter, LIMITS, type LimitCounter } from "./limiter.ts";
import { memoryCounter } from "./memory.ts";
import { redisCounter } from "./redis.ts";

function contract(name: string, open: () => LimitCounter[]) {
  describe(`limits: ${name}`, () => {
    let counters: LimitCounter[];
    beforeAll(() => {
      counters = open();
    });
    afterAll(() => Promise.all(counters.map((counter) => counter.dispose())));

    it("H3: lets exactly the limit through under 100 parallel uses", async () => {
      const rule = { name: `r-${randomUUID()}`, limit: 10, window: 60 };
      const results = await Promise.all(Array.from({ length: 100 }, (_, i) => counters[i % counters.length]!.take(rule, "k")));
      expect(results.filter(({ ok }) => ok)).toHaveLength(10);
      for (const { ok, retryAfter } of results) {
        if (ok) expect(retryAfter).toBe(0);
        else expect(retryAfter).toBeGreaterThanOrEqual(59);
      }
    });

    it("keeps keys and rules apart", async () => {
      const rule = { name: `r-${randomUUID()}`, limit: 1, window: 60 };
      expect((await counters[0]!.take(rule, "a")).ok).toBe(true);
      expect((await counters[0]!.take(rule, "b")).ok).toBe(true);
      expect((await counters[0]!.take({ ...rule, name: `${rule.name}-2` }, "a")).ok).toBe(true);
      expect((await counters[0]!.take(rule, "a")).ok).toBe(false);
    });

    it("opens again as the oldest use leaves the window; refused uses do not count", async () => {
      const rule = { name: `r-${randomUUID()}`, limit: 2, window: 1 };
      const take = async () => (await counters[0]!.take(rule, "k")).ok;
      expect([await take(), await take(), await take(), await take()]).toEqual([true, true, false, false]);
      await sleep(1_050);
      expect([await take(), await take(), await take()]).toEqual([true, true, false]);
    });
  });
}

contract("memory", () => [memoryCounter()]);

let redis: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
contract("redis, two portals", () => [redisCounter(redis.url), redisCounter(redis.url)]);

describe("the limiter", () => {
  it("says how long to wait", async () => {
    const limiter = createLimiter(memoryCounter(), memoryCounter(), () => {});
    for (let i = 0; i < LIMITS.loginAccount.limit; i++) await limiter.enforce(["loginAccount", "a@example.com"]);
    const refused = await limiter.enforce(["loginAccount", "a@example.com"]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AppError);
    expect(refused).toMatchObject({ code: "rate_limited", retryAfter: LIMITS.loginAccount.window });
    await limiter.dispose();
  });

  it("T34: 1,000 sign-in tries on one account from everywhere reach the verifier at most ten times", async () => {
    const limiter = createLimiter(memoryCounter(), memoryCounter(), () => {});
    const tries = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) =>
        limiter.enforce(["loginAddress", `10.0.${i >> 8}.${i & 255}`], ["loginAccount", "a@example.com"]).then(
          () => true,
          () => false,
        ),
      ),
    );
    expect(tries.filter(Boolean)).toHaveLength(10);
    await limiter.dispose();
  });

  it("H3: falls back to a small local limit while the shared counter is away, and says so", async () => {
    const failures: unknown[] = [];
    const dead = redisCounter("redis://127.0.0.1:1");
    const limiter = createLimiter(dead, memoryCounter(), (error) => failures.push(error));
    const results = [];
    for (let i = 0; i < 8; i++) results.push((await limiter.check("messageVisitor", "v")).ok);
    expect(results.filter(Boolean)).toHaveLength(LIMITS.messageVisitor.limit / 4);
    // Who has failed is not asked again at once.
    expect(failures.length).toBeLessThan(8);
    expect(failures.length).toBeGreaterThan(0);
    await limiter.dispose();
  });
});
