import type { CrmContact } from "@gpt-agent/core/crm/crm";
import type { CrmSettings } from "@gpt-agent/core/crm/crm-settings";
import { pushFacts } from "@gpt-agent/core/crm/push-facts";
import { keysToRead, type PushPlan, planPush } from "@gpt-agent/core/crm/push-plan";
import type { CrmSession } from "@gpt-agent/core/crm/session";
import type { Db } from "@gpt-agent/core/db";
import type { Json } from "@gpt-agent/core/db-types";
import { unwrap } from "~/models/result.server";

/** What a dry run shows: the plan, the contact as it is there, and which records are there already. */
export type Preview = {
  plan: PushPlan;
  existing: { name: string | null; url: string | null } | null;
  /** Records of this conversation that were written before. */
  written: string[];
};

/** What is known of a conversation; null when it is not the organization's, or of the playground. */
export async function readFacts(db: Db, by: { orgId: string; conversationId: string }): Promise<Json | null> {
  return unwrap(await db.rpc("crm_push_facts", { org: by.orgId, conversation: by.conversationId }));
}

/**
 * Plans what a conversation comes to in a CRM by the given settings, as the worker would write it. Reads there; writes nothing.
 * @throws CrmError
 */
export async function previewPush(
  { crm, call }: CrmSession,
  given: { facts: Json; settings: CrmSettings; appUrl: string; links: { object: string; external_id: string | null }[] },
): Promise<Preview> {
  const facts = pushFacts.parse(given.facts);
  const plan = (existing: CrmContact | null) => planPush(facts, { crm: crm.id, settings: given.settings, appUrl: given.appUrl }, existing);
  const fields = keysToRead(crm.id, given.settings);
  const linked = given.links.find(({ object, external_id }) => object === "contact" && external_id)?.external_id;
  let existing = linked ? await crm.get(call, linked, fields) : null;
  for (const key of existing ? [] : plan(null).find) {
    existing = await crm.find(call, key, fields);
    if (existing) break;
  }
  return {
    plan: plan(existing),
    existing: existing && { name: existing.name, url: existing.url },
    written: given.links.filter(({ external_id }) => external_id).map(({ object }) => object),
  };
}
