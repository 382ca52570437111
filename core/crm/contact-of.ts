import type { ContactKey, CrmId } from "./crm.ts";
import type { OurField } from "./crm-settings.ts";
import { summaryText } from "./note-texts.ts";
import { conversationUrl, type PushFacts } from "./push-facts.ts";

/** A value of ours, and whether it is only what a visitor typed of themselves: nobody vouches for it. */
export type OurValue = { value: string; typed: boolean };

/** Name, e-mail, phone and the customer's own id: what tells who somebody is. */
export const IDENTITY_FIELDS: ReadonlySet<OurField> = new Set(["name", "first_name", "last_name", "email", "phone", "external_id"]);

/** A name's first word, and the rest. */
function nameParts(name: string | null): { first: string | null; last: string | null } {
  const [first = "", ...rest] = (name ?? "").trim().split(/\s+/);
  return { first: first || null, last: rest.join(" ") || null };
}

/**
 * Everything that the field map can fill, for one conversation; what is not known is left out. What a signed token said goes before
 * what was typed in the chat; of several leads the newest that says it counts.
 */
export function ourValues(facts: PushFacts, given: { appUrl: string; crm: CrmId }): Partial<Record<OurField, OurValue>> {
  const verified = facts.visitor?.verified ?? null;
  const typed = (key: "name" | "email" | "phone" | "message") => facts.leads.find((lead) => lead[key])?.[key] ?? null;
  const told = (key: "name" | "email" | "phone"): OurValue | null => {
    const vouched = verified?.[key];
    if (vouched) return { value: vouched, typed: false };
    const own = typed(key);
    return own ? { value: own, typed: true } : null;
  };
  const name = told("name");
  const { first, last } = nameParts(name?.value ?? null);
  const part = (value: string | null) => (value && name ? { value, typed: name.typed } : null);
  const ours = (value: string | null | undefined) => (value ? { value, typed: false } : null);
  const { conversation } = facts;
  const values: Record<OurField, OurValue | null> = {
    name,
    first_name: part(first),
    last_name: part(last),
    email: told("email"),
    phone: told("phone"),
    external_id: ours(verified?.externalId),
    lead_message: ours(typed("message")),
    agent_name: ours(facts.agentName),
    conversation_url: ours(conversationUrl(given.appUrl, facts.orgSlug, conversation.id)),
    conversation_title: ours(conversation.title),
    summary: ours(summaryText(facts, given).slice(0, 4_000)),
    page_url: ours(conversation.pageUrl),
    locale: ours(conversation.locale),
    first_seen_at: ours(facts.visitor?.firstSeenAt ?? conversation.startedAt),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as Partial<Record<OurField, OurValue>>;
}

/**
 * By what the person is looked for in the CRM, one after the other until somebody is found: first what a signed token said, then what was
 * typed. Empty when nothing is known: then nothing is written.
 */
export function searchKeys(facts: PushFacts): (ContactKey & { typed: boolean })[] {
  const keys: (ContactKey & { typed: boolean })[] = [];
  const verified = facts.visitor?.verified;
  if (verified) keys.push({ email: verified.email, phone: verified.phone, externalId: verified.externalId, typed: false });
  const email = facts.leads.find((lead) => lead.email)?.email ?? null;
  const phone = facts.leads.find((lead) => lead.phone)?.phone ?? null;
  if (email || phone) keys.push({ email, phone, externalId: null, typed: true });
  return keys;
}
