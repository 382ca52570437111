import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import WebSocket from "ws";
import type { Database } from "./db-types.ts";

// supabase-js on Node 20 refuses to start without a WebSocket, even where realtime is not used.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;

export type Db = SupabaseClient<Database>;
export type DbConfig = { url: string; publishableKey: string; secretKey: string };

const withoutSession = { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } };

/** The database as a signed-in person: every query runs under Row Level Security with their access token. */
export function userDb(config: DbConfig, accessToken: string): Db {
  return createClient<Database>(config.url, config.publishableKey, {
    ...withoutSession,
    global: { headers: { Authorization: `Bearer ${accessToken}` } },
  });
}

/**
 * The database past Row Level Security. Only the files listed in architecture.test.ts may import it, and each of their
 * queries names the organization.
 */
export function serviceDb(config: DbConfig): Db {
  return createClient<Database>(config.url, config.secretKey, withoutSession);
}
