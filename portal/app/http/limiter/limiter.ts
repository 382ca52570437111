import { AppError } from "@gpt-agent/core/errors";

/**
 * Every limit there is: at most `limit` in any `window` seconds for one key. One table, so that all of them can be read (and
 * argued about) in one place.
 */
export const LIMITS = {
  /** Reading the public look of agents, per address. */
  config: { limit: 300, window: 60 },
  /** Opening sessions, per address. */
  session: { limit: 60, window: 60 },
  /** Questions of one visitor. */
  messageVisitor: { limit: 20, window: 60 },
  /** Questions from one address: an office shares one. */
  messageAddress: { limit: 120, window: 60 },
  /** Questions to one agent. */
  messageAgent: { limit: 1_200, window: 60 },
  /** Everything else a visitor does: resuming, reading, rating. */
  visitor: { limit: 240, window: 60 },
  /** Contact details and calls for a person, of one visitor. */
  contactVisitor: { limit: 10, window: 600 },
  /** The same from one address. */
  contactAddress: { limit: 60, window: 600 },
  /** Calls with one API key. */
  apiKey: { limit: 240, window: 60 },
  /** Calls with no or a wrong API key, per address. */
  badApiKey: { limit: 30, window: 60 },
  /** Sign-in attempts on one account, from anywhere (T34). */
  loginAccount: { limit: 10, window: 900 },
  /** Sign-in attempts from one address. */
  loginAddress: { limit: 60, window: 900 },
  /** Password reset e-mails to one account. */
  resetAccount: { limit: 5, window: 3_600 },
  /** Password reset requests from one address. */
  resetAddress: { limit: 30, window: 3_600 },
  /** New accounts from one address. */
  signupAddress: { limit: 30, window: 3_600 },
  /** Reports of errors from the portal's pages, per address. */
  pageReport: { limit: 120, window: 60 },
  /** Trials of actions by one editor: each is a call to somebody else's server. */
  actionTrial: { limit: 30, window: 60 },
  /** Webhooks that a CRM sends for one connection: what it tells of is polled anyway. */
  crmWebhook: { limit: 6_000, window: 60 },
  /** Webhooks without a right signature, per address. */
  badWebhook: { limit: 120, window: 60 },
  /** What admins ask of their CRM while they wait: connecting, fields, dry runs. */
  crmAsk: { limit: 60, window: 60 },
} as const;
export type LimitName = keyof typeof LIMITS;

/** retryAfter: whole seconds until the next one fits; 0 when ok. */
export type LimitResult = { ok: boolean; retryAfter: number };
export type Rule = { name: string; limit: number; window: number };

/** Counts uses exactly, also under parallel ones: a use that is refused does not count. */
export interface LimitCounter {
  take(rule: Rule, key: string): Promise<LimitResult>;
  /** Rejects when a shared counter is out of reach; absent where there is none. */
  ping?(): Promise<void>;
  dispose(): Promise<void>;
}

export interface Limiter {
  /** Takes one use of a limit for a key (a visitor, an address, an account). */
  check(name: LimitName, key: string): Promise<LimitResult>;
  /** Takes one use of each limit in turn. @throws AppError("rate_limited") at the first that is used up */
  enforce(...uses: [LimitName, string][]): Promise<void>;
  /** Rejects when the shared counter is out of reach; absent without one. */
  ping?(): Promise<void>;
  dispose(): Promise<void>;
}

/** The share of a limit that one process allows by itself while the shared counter is away. */
const LOCAL_SHARE = 0.25;
/** How long a shared counter that failed is not asked, in milliseconds, so that not every request waits for it in vain. */
const REST_MS = 1_000;

/**
 * The limits over a counter. Should a shared counter fail, a small local one takes its place: never unlimited, never shut.
 * @param onFailure told of failures of the counter
 * @param onHit told of each use beyond a limit
 */
export function createLimiter(
  counter: LimitCounter,
  local: LimitCounter,
  onFailure: (error: unknown) => void,
  onHit: (name: LimitName) => void = () => {},
): Limiter {
  /** When a counter that has failed is asked again, by one request; 0 while it answers. */
  let askAgainAt = 0;
  const count = async (name: LimitName, key: string): Promise<LimitResult> => {
    const rule = { name, ...LIMITS[name] };
    if (performance.now() >= askAgainAt) {
      if (askAgainAt) askAgainAt = performance.now() + REST_MS;
      try {
        const result = await counter.take(rule, key);
        askAgainAt = 0;
        return result;
      } catch (error) {
        askAgainAt = performance.now() + REST_MS;
        onFailure(error);
      }
    }
    return local.take({ ...rule, limit: Math.max(1, Math.floor(rule.limit * LOCAL_SHARE)) }, key);
  };
  const check: Limiter["check"] = async (name, key) => {
    const result = await count(name, key);
    if (!result.ok) onHit(name);
    return result;
  };
  return {
    check,
    ...(counter.ping ? { ping: () => counter.ping!() } : {}),
    async enforce(...uses) {
      for (const [name, key] of uses) {
        const { ok, retryAfter } = await check(name, key);
        if (!ok) throw new AppError("rate_limited", `Too many requests. Try again in ${retryAfter} s.`, { retryAfter });
      }
    },
    async dispose() {
      await Promise.all([counter.dispose(), local.dispose()]);
    },
  };
}
