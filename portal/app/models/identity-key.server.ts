import { createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import type { Log } from "@gpt-agent/core/log";
import { type SealedFor, type SecretBox, SecretError } from "@gpt-agent/core/secrets";
import type { IdentityKey } from "~/http/identity-token";
import { unwrap } from "~/models/result.server";

type Row = Database["public"]["Tables"]["identity_keys"]["Row"];
export type IdentityKeySummary = Pick<Row, "id" | "name" | "created_at" | "last_used_at"> & {
  algorithm: "HS256" | "EdDSA";
  lastFour: string;
};
type Of = { orgId: string; agentId: string };

/** Keys of one agent at a time: enough to change them over. */
export const MAX_IDENTITY_KEYS = 5;

/** Where an agent's shared secret belongs: what sealing binds it to. */
const placeOf = (orgId: string, id: string): SealedFor => ({ orgId, purpose: "identity_keys", rowId: id });

/** A new shared secret, 32 random bytes: `gai_…`. Its text, as it stands, is the key of HS256. */
export const freshIdentitySecret = (): string => `gai_${randomBytes(32).toString("base64url")}`;

/**
 * An Ed25519 public key from PEM (SPKI) or a JWK, as PEM; null for anything else, private keys included: nobody should paste those.
 */
export function readPublicKey(typed: string): string | null {
  const text = typed.trim();
  try {
    const isJwk = text.startsWith("{");
    if (!isJwk && !text.startsWith("-----BEGIN PUBLIC KEY-----")) return null;
    const jwk = isJwk ? (JSON.parse(text) as { kty?: unknown; crv?: unknown; x?: unknown; d?: unknown }) : null;
    if (jwk && "d" in jwk) return null;
    const key: KeyObject = jwk
      ? createPublicKey({ key: { kty: String(jwk.kty), crv: String(jwk.crv), x: String(jwk.x) }, format: "jwk" })
      : createPublicKey(text);
    return key.asymmetricKeyType === "ed25519" ? String(key.export({ type: "spki", format: "pem" })) : null;
  } catch {
    return null;
  }
}

/** An agent's keys, newest first. */
export async function listIdentityKeys(db: Db, by: Of): Promise<IdentityKeySummary[]> {
  const rows = unwrap(
    await db
      .from("identity_keys")
      .select("id, name, algorithm, created_at, last_used_at, lastFour:last_four")
      .eq("org_id", by.orgId)
      .eq("agent_id", by.agentId)
      .order("created_at", { ascending: false }),
  );
  return rows.map((row) => ({ ...row, algorithm: row.algorithm === "EdDSA" ? "EdDSA" : "HS256" }));
}

/**
 * Adds a key under its maker's name: a shared secret, which is sealed, or a public key.
 * @throws AppError("conflict") when there are enough of them
 */
export async function addIdentityKey(
  db: Db,
  box: SecretBox,
  key: Of & { id: string; userId: string; name: string } & ({ secret: string } | { publicKey: string }),
): Promise<void> {
  if ((await listIdentityKeys(db, key)).length >= MAX_IDENTITY_KEYS)
    throw new AppError("conflict", `An agent may have ${MAX_IDENTITY_KEYS} keys. Revoke one first.`);
  const secret = "secret" in key ? key.secret : null;
  const { error } = await db.from("identity_keys").insert({
    id: key.id,
    org_id: key.orgId,
    agent_id: key.agentId,
    name: key.name,
    created_by: key.userId,
    algorithm: secret ? "HS256" : "EdDSA",
    sealed_secret: secret ? box.seal(secret, placeOf(key.orgId, key.id)) : null,
    public_key: "publicKey" in key ? key.publicKey : null,
    last_four: secret?.slice(-4) ?? "",
  });
  if (error) unwrap({ data: null, error });
}

/** Revokes a key: what it signed opens no session from the next request on. @throws AppError("not_found") */
export async function revokeIdentityKey(db: Db, by: Of & { keyId: string }): Promise<void> {
  const row = unwrap(
    await db.from("identity_keys").delete().eq("org_id", by.orgId).eq("agent_id", by.agentId).eq("id", by.keyId).select("id").maybeSingle(),
  );
  if (!row) throw new AppError("not_found", "There is no such key.");
}

/**
 * The keys that check tokens of an agent, read past Row Level Security with organization and agent in the query. A secret that cannot be
 * opened is left out; one sealed under an old key is sealed anew.
 */
export async function openIdentityKeys(db: Db, box: SecretBox, log: Log, by: Of): Promise<IdentityKey[]> {
  const { data, error } = await db
    .from("identity_keys")
    .select("id, algorithm, sealed_secret, public_key")
    .eq("org_id", by.orgId)
    .eq("agent_id", by.agentId)
    .order("created_at", { ascending: false })
    .limit(MAX_IDENTITY_KEYS * 2);
  if (error) throw new AppError("unavailable", "Visitors cannot be verified right now. Please try again.", { cause: error, retryAfter: 5 });
  const keys: IdentityKey[] = [];
  for (const { id, sealed_secret: sealed, public_key: publicKey } of data) {
    if (publicKey) keys.push({ id, algorithm: "EdDSA", publicKey: createPublicKey(publicKey) });
    if (!sealed) continue;
    try {
      const secret = box.open(sealed, placeOf(by.orgId, id));
      keys.push({ id, algorithm: "HS256", secret: new TextEncoder().encode(secret) });
      if (box.isStale(sealed)) {
        const fresh = { sealed_secret: box.seal(secret, placeOf(by.orgId, id)) };
        await db.from("identity_keys").update(fresh).eq("org_id", by.orgId).eq("id", id).eq("sealed_secret", sealed);
      }
    } catch (cause) {
      if (!(cause instanceof SecretError)) throw cause;
      log.error("an identity key cannot be opened", { agentId: by.agentId, keyId: id, code: cause.code });
    }
  }
  return keys;
}
