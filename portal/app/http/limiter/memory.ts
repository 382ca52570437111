import type { LimitCounter } from "./limiter.ts";

const SWEEP_MS = 60_000;

/** Counts in this process: the times of the uses inside the window, per key. */
export function memoryCounter(now: () => number = Date.now): LimitCounter {
  const uses = new Map<string, { times: number[]; windowMs: number }>();
  const sweeper = setInterval(() => {
    for (const [key, { times, windowMs }] of uses) if ((times.at(-1) ?? 0) <= now() - windowMs) uses.delete(key);
  }, SWEEP_MS).unref();
  return {
    async take(rule, key) {
      const windowMs = rule.window * 1000;
      const id = `${rule.name}:${key}`;
      const entry = uses.get(id) ?? { times: [], windowMs };
      uses.set(id, entry);
      const time = now();
      const live = entry.times.findIndex((used) => used > time - windowMs);
      entry.times.splice(0, live === -1 ? entry.times.length : live);
      if (entry.times.length >= rule.limit) {
        return { ok: false, retryAfter: Math.max(1, Math.ceil((entry.times[entry.times.length - rule.limit]! + windowMs - time) / 1000)) };
      }
      entry.times.push(time);
      return { ok: true, retryAfter: 0 };
    },
    async dispose() {
      clearInterval(sweeper);
      uses.clear();
    },
  };
}
