import { noteOrg } from "@gpt-agent/core/correlation";
import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import type { Scope } from "~/models/scopes";
import { hashApiKey, parseApiKey } from "./api-key.ts";
import type { ApiCall } from "./api-route.ts";
import { clientAddress, type TrustedProxies } from "./client-address.ts";
import type { Limiter } from "./limiter/limiter.ts";
import { publicAgentId } from "./params.ts";

export type ApiCaller = { keyId: string; orgId: string };

const refused = () => new AppError("unauthenticated", "The API key is missing, malformed, unknown or revoked.");

/** The callers behind API keys, and the agents they may name. Every query names the key's own organization. */
export function apiKeyStore(db: Db, limiter: Limiter, trustedProxies: TrustedProxies) {
  const failed = (cause: unknown) =>
    new AppError("unavailable", "API keys cannot be checked right now. Please try again.", { cause, retryAfter: 5 });
  return {
    limiter,
    trustedProxies,
    /** The live key with this hash; asked of the database on each call, so that a revoked key stops at once (D4). */
    async find(hash: string): Promise<(ApiCaller & { scopes: string[] }) | null> {
      const { data, error } = await db.rpc("find_api_key", { hash });
      if (error) throw failed(error);
      const row = data[0];
      return row ? { keyId: row.id, orgId: row.org_id, scopes: row.scopes } : null;
    },
    /** The agents of an organization, oldest first. */
    async agents(orgId: string): Promise<{ publicId: string; createdAt: string }[]> {
      const { data, error } = await db.from("agents").select("public_id, created_at").eq("org_id", orgId).order("created_at").limit(1_000);
      if (error) throw failed(error);
      return data.map((row) => ({ publicId: row.public_id, createdAt: row.created_at }));
    },
    /** The organization's agent that a model name means: agent:<public id>, or the id alone. @throws AppError("not_found") */
    async findAgent(orgId: string, model: string): Promise<{ id: string }> {
      const publicId = model.replace(/^agent:/, "");
      if (publicAgentId.safeParse(publicId).success) {
        const { data, error } = await db.from("agents").select("id").eq("org_id", orgId).eq("public_id", publicId).maybeSingle();
        if (error) throw failed(error);
        if (data) return data;
      }
      throw new AppError("not_found", "There is no such model. Models are agents: agent:<id>, as listed at /v1/models.");
    },
  };
}
export type ApiKeys = ReturnType<typeof apiKeyStore>;

/** Does a request mean to be a program's rather than a visitor's? Where both may call, this tells them apart. */
export const carriesApiKey = (headers: Headers): boolean =>
  headers.has("x-api-key") || /^Bearer gap_/i.test(headers.get("authorization") ?? "");

/** The key of a request, from either header. */
function presentedKey(headers: Headers): string | null {
  const [, bearer] = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  return parseApiKey(bearer ?? headers.get("x-api-key") ?? "");
}

/**
 * Whose API key a request carries (Authorization: Bearer, or x-api-key).
 * @throws AppError("unauthenticated") before any query when the checksum is wrong (D5); ("forbidden") without the scope; ("rate_limited")
 */
export async function requireApiKey(call: ApiCall, keys: ApiKeys, scope: Scope): Promise<ApiCaller> {
  const key = presentedKey(call.request.headers);
  const found = key ? await keys.find(hashApiKey(key)) : null;
  if (!found) {
    await keys.limiter.enforce(["badApiKey", clientAddress(call.request, keys.trustedProxies)]);
    throw refused();
  }
  noteOrg(found.orgId);
  await keys.limiter.enforce(["apiKey", found.keyId]);
  if (!found.scopes.includes(scope)) throw new AppError("forbidden", `This API key does not have the scope "${scope}".`);
  return { keyId: found.keyId, orgId: found.orgId };
}
