import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Db, userDb } from "../core/db.ts";
import { putObject, sourceKey } from "../core/storage.ts";

export type Account = { email: string; password: string; db: Db; orgId: string; orgSlug: string };

/** The keys of an embedded platform, read from its data folder. */
export const keysOf = (dataFolder: string) =>
  JSON.parse(readFileSync(join(dataFolder, "secrets.json"), "utf8")) as { SUPABASE_PUBLISHABLE_KEY: string; SUPABASE_SECRET_KEY: string };

/** Signs up a new person with an organization of their own, past the portal's forms: state for specs and benches. */
export async function makeAccount(platform: { backendUrl: string; dataFolder: string }, name = "Acme"): Promise<Account> {
  const keys = keysOf(platform.dataFolder);
  const suffix = randomUUID().slice(0, 8);
  const [email, password] = [`person-${suffix}@example.com`, `correct-horse-${suffix}`];
  const response = await fetch(`${platform.backendUrl}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: keys.SUPABASE_PUBLISHABLE_KEY, "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const session = (await response.json()) as { access_token: string };
  const config = { url: platform.backendUrl, publishableKey: keys.SUPABASE_PUBLISHABLE_KEY, secretKey: keys.SUPABASE_SECRET_KEY };
  const db = userDb(config, session.access_token);
  const org = await db.rpc("create_organization", { org_name: name, org_slug: `${name.toLowerCase()}-${suffix}` });
  if (org.error) throw new Error(org.error.message);
  return { email, password, db, orgId: org.data.id, orgSlug: org.data.slug };
}

/** Makes a live agent that pages on `origins` may talk to. */
export async function makeAgent(account: Account, name: string, origins: string[] = [], settings: Record<string, unknown> = {}) {
  const made = await account.db.rpc("save_agent", {
    org: account.orgId,
    agent: null,
    agent_name: name,
    agent_settings: settings as never,
    origins,
  });
  if (made.error) throw new Error(made.error.message);
  return made.data;
}

/** Uploads a file as the portal does and returns the source's id. */
export async function uploadSource(
  account: Account,
  agentId: string,
  title: string,
  bytes: Uint8Array,
  mediaType: string,
): Promise<string> {
  const sourceId = randomUUID();
  await putObject(account.db, sourceKey({ orgId: account.orgId, agentId, sourceId }), bytes, mediaType);
  const added = await account.db.rpc("add_file_source", {
    org: account.orgId,
    agent: agentId,
    source: sourceId,
    source_title: title,
    source_media_type: mediaType,
    source_byte_size: bytes.length,
    source_hash: sourceId,
  });
  if (added.error) throw new Error(added.error.message);
  return sourceId;
}

/** Waits until a source is ready or failed, and returns its row. */
export async function untilRead(account: Account, sourceId: string, timeoutMs = 60_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { data, error } = await account.db.from("sources").select("*").eq("org_id", account.orgId).eq("id", sourceId).single();
    if (error) throw new Error(error.message);
    if (data.status === "ready" || data.status === "failed") return data;
    if (Date.now() > deadline) throw new Error(`The source is still ${data.status} after ${timeoutMs / 1000} s`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
