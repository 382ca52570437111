import { createHmac } from "node:crypto";
import { userDb } from "@gpt-agent/core/db";
import type { BackendDatabase } from "../embedded/database.ts";
import type { TestBackend } from "../embedded/test-backend.ts";

type World = Omit<TestBackend, "db"> & { db: Pick<BackendDatabase, "query"> };

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An access token for a persona of setup/personas.sql, signed as the auth server signs them; valid for an hour. */
export async function tokenOf(world: World, persona: string): Promise<string> {
  const { rows } = await world.db.query<{ id: string | null }>("select tests.uid($1) as id", [persona]);
  if (!rows[0]?.id) throw new Error(`No persona ${persona}`);
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: rows[0].id, role: "authenticated", aud: "authenticated", iat: now, exp: now + 3600 };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", world.jwtSecret).update(signed).digest("base64url")}`;
}

/** How a principal's requests are signed: anonymous, the server's key, or a persona. */
export async function headersOf(world: World, principal: string): Promise<Record<string, string>> {
  if (principal === "service_role") return { apikey: world.secretKey };
  if (principal === "anon") return { apikey: world.publishableKey };
  return { apikey: world.publishableKey, authorization: `Bearer ${await tokenOf(world, principal)}` };
}

/** A supabase-js client for a persona. */
export async function clientOf(world: World, persona: string) {
  return userDb({ url: world.url, publishableKey: world.publishableKey, secretKey: "" }, await tokenOf(world, persona));
}
