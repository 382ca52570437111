import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import type { LimitCounter } from "./limiter.ts";

/** One sorted set per key holds the times of the uses inside the window; Redis's clock and its single thread make it exact. */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], window)
  return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], -tonumber(ARGV[2]), -tonumber(ARGV[2]), 'WITHSCORES')
return math.max(1, oldest[2] + window - now)
`;

/** Counts for all portals together. Fails fast when Redis is away. */
export function redisCounter(url: string, prefix = "limit"): LimitCounter {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, enableOfflineQueue: true, connectTimeout: 2_000, commandTimeout: 500 });
  redis.on("error", () => {});
  return {
    async take(rule, key) {
      const waitMs = Number(await redis.eval(TAKE, 1, `${prefix}:${rule.name}:${key}`, rule.window * 1000, rule.limit, randomUUID()));
      return waitMs === 0 ? { ok: true, retryAfter: 0 } : { ok: false, retryAfter: Math.ceil(waitMs / 1000) };
    },
    async ping() {
      await redis.ping();
    },
    async dispose() {
      redis.disconnect();
    },
  };
}
