import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import WebSocket from "ws";
import { correlationHeaders } from "./correlation.ts";
import { dbFetch } from "./db-fetch.ts";
import type { Database } from "./db-types.ts";

// supabase-js on Node 20 refuses to start without a WebSocket, even where realtime is not used.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;

export type Db = SupabaseClient<Database>;
export type DbConfig = {
  url: string;
  publishableKey: string;
  secretKey: string;
  /** Told of each call when its answer has begun: what kind it was, milliseconds, and whether it failed (no answer, or 500 and above). */
  watch?: (kind: DbCall, ms: number, failed: boolean) => void;
};
export type DbCall = "function" | "read" | "write" | "storage" | "account";

const withoutSession = { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } };

function kindOf(url: string, method: string): DbCall {
  if (url.includes("/rest/v1/rpc/")) return "function";
  if (url.includes("/storage/v1/")) return "storage";
  if (url.includes("/auth/v1/")) return "account";
  return method === "GET" || method === "HEAD" ? "read" : "write";
}

/** What the database puts into the outbox carries the ids of the request or job that asked. */
const correlatedFetch: typeof fetch = (input, init) => {
  const ids = Object.entries(correlationHeaders());
  if (ids.length === 0) return dbFetch(input, init);
  const headers = new Headers(init?.headers);
  for (const [name, value] of ids) headers.set(name, value);
  return dbFetch(input, { ...init, headers });
};

/** correlatedFetch that tells `watch` of each call, where there is one. */
function watchedFetch({ watch }: DbConfig): typeof fetch {
  if (!watch) return correlatedFetch;
  return async (input, init) => {
    const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    const kind = kindOf(url, init?.method ?? "GET");
    const began = performance.now();
    try {
      const response = await correlatedFetch(input, init);
      watch(kind, performance.now() - began, response.status >= 500);
      return response;
    } catch (error) {
      // Whoever gave the call up had a reason; that is no failure of the database.
      if (!init?.signal?.aborted) watch(kind, performance.now() - began, true);
      throw error;
    }
  };
}

/** The database as a signed-in person: every query runs under Row Level Security with their access token. */
export function userDb(config: DbConfig, accessToken: string): Db {
  return createClient<Database>(config.url, config.publishableKey, {
    ...withoutSession,
    global: { headers: { Authorization: `Bearer ${accessToken}` }, fetch: watchedFetch(config) },
  });
}

/**
 * The database past Row Level Security. Only the files listed in architecture.test.ts may import it, and each of their
 * queries names the organization.
 */
export function serviceDb(config: DbConfig): Db {
  return createClient<Database>(config.url, config.secretKey, { ...withoutSession, global: { fetch: watchedFetch(config) } });
}
