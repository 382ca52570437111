import { Redis } from "ioredis";
import { type Finding, fail, off, ok, warn, wordsOf } from "./finding.ts";

const TIMEOUT_MS = 5_000;

/** Does the Redis that holds the queue keep what it is given? */
export async function checkRedis(url: string | undefined): Promise<Finding[]> {
  if (!url) return [off("redis", "Not in use: one portal, and the queue in Postgres.")];
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // What went wrong is told here; the call that waits hears only that the connection is closed.
  let cause: unknown;
  redis.on("error", (error) => {
    cause ??= error;
  });
  try {
    await redis.connect();
    const info = await redis.info();
    const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
    return [
      ...checkEviction(field("maxmemory_policy")),
      ...checkPersistence(field("aof_enabled"), field("rdb_last_bgsave_status")),
      ...checkVersion(field("redis_version")),
    ];
  } catch (error) {
    const words = wordsOf(cause ?? error);
    const todo = /WRONGPASS|NOAUTH|auth/i.test(words)
      ? "Set the password in REDIS_URL: rediss://default:password@host:6379."
      : "Is REDIS_URL right, and may this machine reach it?";
    return [fail("redis", `It does not answer: ${words}`, todo)];
  } finally {
    redis.disconnect();
  }
}

function checkEviction(policy: string | undefined): Finding[] {
  if (policy === "noeviction") return [ok("redis eviction", "Nothing is thrown away when memory runs out.")];
  if (!policy)
    return [
      warn(
        "redis eviction",
        "It does not say what it does when memory runs out.",
        "Look at the host's settings: eviction must be off (noeviction).",
      ),
    ];
  return [
    fail(
      "redis eviction",
      `Its policy is ${policy}: when memory runs out it throws jobs away.`,
      "redis-cli config set maxmemory-policy noeviction, and in its configuration; on a hosted one: switch eviction off.",
    ),
  ];
}

function checkPersistence(aof: string | undefined, lastSave: string | undefined): Finding[] {
  if (aof === "1") return [ok("redis persistence", "Append-only persistence is on.")];
  if (aof === undefined)
    return [
      warn("redis persistence", "It does not say whether it keeps its data.", "Look at the host's settings: it should survive a restart."),
    ];
  const saved = lastSave === "err" ? " Its last snapshot failed." : "";
  return [
    fail(
      "redis persistence",
      `Append-only persistence is off.${saved} What is in the queue is lost with a restart, and found again only minutes later.`,
      "redis-cli config set appendonly yes, and in its configuration.",
    ),
  ];
}

function checkVersion(version: string | undefined): Finding[] {
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  if (major > 6 || (major === 6 && minor >= 2)) return [];
  return [fail("redis version", `It is Redis ${version ?? "of an unknown version"}.`, "The queue needs Redis 6.2 or newer.")];
}
