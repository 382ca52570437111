import { originOf } from "@gpt-agent/core/action-url";
import type { AgentAction } from "@gpt-agent/core/agent-actions";
import type { Db } from "@gpt-agent/core/db";
import type { Log } from "@gpt-agent/core/log";
import { type SealedFor, type SecretBox, SecretError } from "@gpt-agent/core/secrets";

/** A secret that an action needs is gone or cannot be opened any more. */
export class MissingSecretError extends Error {
  override name = "MissingSecretError";
}

export type OpenedHeaders = { headers: Record<string, string>; secretHeaders: string[]; secretValues: string[] };

export type SecretStore = {
  /** An action's headers with its secrets opened. @throws MissingSecretError */
  headersOf(action: AgentAction, owner: SecretOwner): Promise<OpenedHeaders>;
};

type SecretOwner = { orgId: string; agentId: string; unsaved?: ReadonlyMap<string, string> };

/**
 * Where a secret of an agent belongs: what sealing binds it to. The origin is part of it, so that whoever may edit an action
 * cannot have its secrets sent to a server of their own.
 */
export const agentSecretPlace = (orgId: string, id: string, origin: string): SealedFor => ({
  orgId,
  purpose: `agent_secrets ${origin}`,
  rowId: id,
});

/** The sealed headers of agents, read past Row Level Security with organization and agent in every query. */
export function secretStore(db: Db, box: SecretBox, log: Log): SecretStore {
  return {
    async headersOf(action, { orgId, agentId, unsaved }) {
      const opened = new Map(unsaved);
      const ids = action.headers.flatMap((header) => ("secretId" in header && !opened.has(header.secretId) ? [header.secretId] : []));
      if (ids.length > 0) await open(ids, { orgId, agentId, origin: originOf(action.url) }, opened);
      const headers: Record<string, string> = {};
      for (const header of action.headers) {
        headers[header.name.toLowerCase()] = "secretId" in header ? opened.get(header.secretId)! : header.value;
      }
      const secretHeaders = action.headers.flatMap((header) => ("secretId" in header ? [header.name.toLowerCase()] : []));
      return { headers, secretHeaders, secretValues: [...opened.values()] };
    },
  };

  async function open(ids: string[], at: { orgId: string; agentId: string; origin: string }, opened: Map<string, string>): Promise<void> {
    const { orgId, agentId, origin } = at;
    const { data, error } = await db.from("agent_secrets").select("id, sealed").eq("org_id", orgId).eq("agent_id", agentId).in("id", ids);
    if (error) throw new Error("Secrets cannot be read", { cause: error });
    for (const { id, sealed } of data) {
      const place = agentSecretPlace(orgId, id, origin);
      try {
        opened.set(id, box.open(sealed, place));
      } catch (cause) {
        if (!(cause instanceof SecretError)) throw cause;
        log.error("a secret of an action cannot be opened", { agentId, secretId: id, code: cause.code });
        throw new MissingSecretError("A secret cannot be opened", { cause });
      }
      if (box.isStale(sealed)) await sealAnew(id, orgId, sealed, box.seal(opened.get(id)!, place));
    }
    if (ids.some((id) => !opened.has(id))) throw new MissingSecretError("A secret is gone");
  }

  /** After a rotation each secret moves to the new key when it is first used; who was quicker or failed changes nothing. */
  async function sealAnew(id: string, orgId: string, stale: string, sealed: string): Promise<void> {
    const { error } = await db.from("agent_secrets").update({ sealed }).eq("org_id", orgId).eq("id", id).eq("sealed", stale);
    if (error) log.warn("a secret could not be sealed anew", { secretId: id, error });
  }
}

const MASK = "••••";
const escapeRegex = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * Hides secrets in whatever a service sends back: the values themselves, their parts ("Bearer x" also hides x; a Basic pair also hides
 * the password inside), in any case, plain, percent-encoded or in base64. Pieces shorter than four characters stay.
 */
export function masker(secretValues: string[]): <T>(value: T) => T {
  const pieces = secretValues.flatMap((secret) => {
    const parts = secret.split(/\s+/);
    const basic = /^basic$/i.test(parts[0]!) && parts[1] ? Buffer.from(parts[1], "base64").toString() : "";
    return [secret, ...(parts.length > 1 ? parts.slice(1) : []), basic, basic.slice(basic.indexOf(":") + 1)];
  });
  const spellings = pieces.flatMap((piece) => [piece, encodeURIComponent(piece), Buffer.from(piece).toString("base64").replace(/=+$/, "")]);
  const known = [...new Set(spellings)].filter((text) => text.length >= 4).sort((a, b) => b.length - a.length);
  if (known.length === 0) return (value) => value;
  const pattern = new RegExp(known.map(escapeRegex).join("|"), "gi");
  const mask = (value: unknown): unknown => {
    if (typeof value === "string") return value.replace(pattern, MASK);
    if (typeof value === "number") return known.includes(String(value)) ? MASK : value;
    if (Array.isArray(value)) return value.map(mask);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.replace(pattern, MASK), mask(item)]));
  };
  return <T>(value: T) => mask(value) as T;
}
