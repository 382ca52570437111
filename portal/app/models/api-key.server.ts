import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import { unwrap } from "~/models/result.server";

type Row = Database["public"]["Tables"]["api_keys"]["Row"];
export type ApiKey = Pick<Row, "id" | "name" | "scopes" | "created_at" | "last_used_at"> & { lastFour: string };

/** The organization's API keys that still work, newest first. */
export async function listApiKeys(db: Db, by: { orgId: string }): Promise<ApiKey[]> {
  return unwrap(
    await db
      .from("api_keys")
      .select("id, name, scopes, created_at, last_used_at, lastFour:last_four")
      .eq("org_id", by.orgId)
      .is("revoked_at", null)
      .order("created_at", { ascending: false }),
  );
}

/** Keeps a new key's hash under its maker's name. */
export async function addApiKey(
  db: Db,
  key: { orgId: string; userId: string; name: string; scopes: string[]; hash: string; lastFour: string },
): Promise<void> {
  const { error } = await db
    .from("api_keys")
    .insert({ org_id: key.orgId, name: key.name, key_hash: key.hash, last_four: key.lastFour, scopes: key.scopes, created_by: key.userId });
  if (error) unwrap({ data: null, error });
}

/** Revokes a key: it fails from the next request on. Throws "not_found" for one that is not there. */
export async function revokeApiKey(db: Db, by: { orgId: string; keyId: string }): Promise<void> {
  const row = unwrap(
    await db
      .from("api_keys")
      .update({ revoked_at: new Date().toISOString() })
      .eq("org_id", by.orgId)
      .eq("id", by.keyId)
      .is("revoked_at", null)
      .select("id")
      .maybeSingle(),
  );
  if (!row) throw new AppError("not_found", "There is no such key.");
}
