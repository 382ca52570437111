import type { Db } from "@gpt-agent/core/db";
import { z } from "zod";
import { agentOfPath, publicIds } from "~/api/agents";
import { idAfter, idPage, type Page, pageQuery } from "~/api/page";
import { moment, time } from "~/api/time";
import { unwrap } from "~/models/result.server";

export const leadsQuery = z.strictObject({ ...pageQuery, agent: z.string().max(64).optional() });

/** Contact details that a visitor left, in a list. */
export const leadEntry = z.strictObject({
  id: z.uuid(),
  agent: z.string().meta({ description: "The agent's public id." }),
  conversationId: z.uuid(),
  visitorId: z.uuid(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable().meta({ description: "In E.164 where it can be read so." }),
  message: z.string().nullable(),
  fields: z.record(z.string(), z.string()).meta({ description: "What else was asked for." }),
  consent: z.boolean(),
  consentText: z.string().nullable().meta({ description: "What stood beside the box that was ticked." }),
  pageUrl: z.string().nullable(),
  createdAt: time,
});
export type LeadEntry = z.infer<typeof leadEntry>;

const fields = leadEntry.shape.fields.catch({});

/** A page of the organization's leads, the newest first; `agent` narrows to one by its public id. */
export async function leadPage(db: Db, by: z.output<typeof leadsQuery> & { orgId: string }): Promise<Page<LeadEntry>> {
  const after = idAfter(by.cursor);
  let query = db
    .from("leads")
    .select("id, agent_id, conversation_id, visitor_id, name, email, phone, message, fields, consent, consent_text, page_url, created_at")
    .eq("org_id", by.orgId);
  if (by.agent !== undefined) query = query.eq("agent_id", (await agentOfPath(db, { orgId: by.orgId, publicId: by.agent })).id);
  if (after) query = query.lt("id", after);
  const rows = unwrap(await query.order("id", { ascending: false }).limit(by.limit + 1));
  const agents = await publicIds(db, by.orgId);
  return idPage(rows, by.limit, (row) => ({
    id: row.id,
    agent: agents.get(row.agent_id) ?? "",
    conversationId: row.conversation_id,
    visitorId: row.visitor_id,
    name: row.name,
    email: row.email,
    phone: row.phone,
    message: row.message,
    fields: fields.parse(row.fields),
    consent: row.consent,
    consentText: row.consent_text,
    pageUrl: row.page_url,
    createdAt: moment(row.created_at),
  }));
}
