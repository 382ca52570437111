import type { Scope } from "~/models/scopes";
import { createApiKey } from "./api-key.ts";
import type { SeededAgent, TestPortal } from "./test-portal.ts";

/** An API key of the agent's organization, made by its owner. */
export async function makeKey({ backend }: TestPortal, who: SeededAgent, scopes: Scope[]): Promise<string> {
  const { key, hash, lastFour } = createApiKey();
  await backend.db.query("insert into api_keys (org_id, name, key_hash, last_four, scopes, created_by) values ($1, 'k', $2, $3, $4, $5)", [
    who.orgId,
    hash,
    lastFour,
    scopes,
    who.ownerId,
  ]);
  return key;
}

/** A call with an API key; a body that is no text or bytes goes as JSON. */
export function callWithKey(
  portal: TestPortal,
  path: string,
  key: string | null,
  init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
) {
  const { body } = init;
  const raw = typeof body === "string" || body instanceof Uint8Array;
  return fetch(`${portal.url}${path}`, {
    method: init.method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined || raw ? {} : { "content-type": "application/json" }),
      ...init.headers,
    },
    ...(body === undefined ? {} : { body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
  });
}
