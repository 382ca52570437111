import { randomBytes, randomUUID } from "node:crypto";
import type { CrmId } from "../../../core/crm/crm.ts";
import { type CrmSettings, crmGrantPlace, DEFAULT_CRM_SETTINGS } from "../../../core/crm/crm-settings.ts";
import type { Db } from "../../../core/db.ts";
import type { Json } from "../../../core/db-types.ts";
import { createSecretBox } from "../../../core/secrets.ts";
import type { FakeCrm } from "../../fakes/crm/fake-crm.ts";
import { must } from "./backend.ts";

/** An organization with an agent. */
export type Tenant = { orgId: string; agentId: string };

const key = randomBytes(32);
/** What workers open the tenants' grants with. */
export const ENCRYPTION_KEY = `1:${key.toString("base64")}`;
const secretBox = createSecretBox([{ id: "1", key }]);

export async function addTenant(db: Db, name: string): Promise<Tenant> {
  const [orgId, agentId] = [randomUUID(), randomUUID()];
  await must(
    db
      .from("organizations")
      .insert({ id: orgId, name, slug: `${name}-${orgId.slice(0, 8)}` })
      .select("id"),
  );
  await must(db.from("agents").insert({ id: agentId, org_id: orgId, name: "Helper" }).select("id"));
  return { orgId, agentId };
}

/** Connects a tenant to an account of a CRM, as the portal does after the sign-in. */
export async function connectCrm(db: Db, tenant: Tenant, crm: CrmId, fake: FakeCrm, settings: Partial<CrmSettings>): Promise<string> {
  const id = randomUUID();
  const grant = fake.grant();
  await must(
    db
      .from("connections")
      .insert({
        id,
        org_id: tenant.orgId,
        crm,
        cloud: crm === "amocrm" ? "ru" : "global",
        name: "CRM",
        account_id: fake.account.externalId,
        grant_kind: grant.kind,
        sealed_grant: secretBox.seal(JSON.stringify(grant), crmGrantPlace(tenant.orgId, id)),
        grant_expires_at: grant.expiresAt,
        settings: { ...DEFAULT_CRM_SETTINGS, ...settings } as Json,
      })
      .select("id"),
  );
  return id;
}

/** So many visitors who have each asked something and left their address. */
export async function captureLeads(db: Db, { orgId, agentId }: Tenant, count: number): Promise<void> {
  const each = Array.from({ length: count }, () => ({ visitor: randomUUID(), conversation: randomUUID() }));
  await must(
    db
      .from("visitors")
      .insert(each.map(({ visitor }) => ({ id: visitor, org_id: orgId, agent_id: agentId })))
      .select("id"),
  );
  await must(
    db
      .from("conversations")
      .insert(
        each.map(({ visitor, conversation }) => ({
          id: conversation,
          org_id: orgId,
          agent_id: agentId,
          visitor_id: visitor,
          client_id: randomUUID(),
          title: "How much is delivery?",
        })),
      )
      .select("id"),
  );
  await must(
    db
      .from("messages")
      .insert(
        each.map(({ conversation }) => ({
          org_id: orgId,
          conversation_id: conversation,
          author: "visitor" as const,
          body: "How much is delivery?",
        })),
      )
      .select("id"),
  );
  await must(
    db
      .from("leads")
      .insert(
        each.map(({ visitor, conversation }) => ({
          org_id: orgId,
          agent_id: agentId,
          conversation_id: conversation,
          visitor_id: visitor,
          idempotency_key: randomUUID(),
          request_hash: "0".repeat(64),
          name: "Anna Petrova",
          email: `${conversation}@example.com`,
        })),
      )
      .select("id"),
  );
}
