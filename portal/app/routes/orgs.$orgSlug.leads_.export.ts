import type { LoaderFunctionArgs } from "@remix-run/node";
import { requireMember } from "~/http/guards.server";
import { csvOf } from "~/models/csv";
import { type Lead, listLeads } from "~/models/lead.server";

/** Rows of one file. */
const MAX_ROWS = 10_000;
const PAGE = 1_000;

const HEADINGS = [
  "created_at",
  "name",
  "email",
  "phone",
  "message",
  "agent",
  "page_url",
  "consent",
  "consent_text",
  "conversation_id",
  "fields",
];

/** The organization's leads as a CSV file, the newest first. */
export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org } = await requireMember(request, params.orgSlug);
  const rows: (string | null)[][] = [HEADINGS];
  let before: string | undefined;
  do {
    const { leads, next } = await listLeads(db, { orgId: org.id, limit: PAGE, ...(before ? { before } : {}) });
    rows.push(...leads.map(rowOf));
    before = next ?? undefined;
  } while (before && rows.length <= MAX_ROWS);
  return new Response(csvOf(rows), {
    headers: {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": `attachment; filename="leads-${new Date().toISOString().slice(0, 10)}.csv"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

const rowOf = (lead: Lead & { agentName: string }): (string | null)[] => [
  lead.created_at,
  lead.name,
  lead.email,
  lead.phone,
  lead.message,
  lead.agentName,
  lead.page_url,
  lead.consent ? "yes" : "no",
  lead.consent_text,
  lead.conversationId,
  Object.keys(lead.fields).length > 0 ? JSON.stringify(lead.fields) : null,
];
