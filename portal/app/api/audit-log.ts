import type { Db } from "@gpt-agent/core/db";
import { z } from "zod";
import { idAfter, idPage, type Page, pageQuery } from "~/api/page";
import { moment, time } from "~/api/time";
import { unwrap } from "~/models/result.server";

export const auditQuery = z.strictObject(pageQuery);

/** One line of the record of who did what. */
export const auditEntry = z.strictObject({
  id: z.uuid(),
  at: time,
  actorId: z.uuid().nullable().meta({ description: "The member who did it; null for programs and for the platform itself." }),
  action: z.string().meta({ examples: ["agents.update"] }),
  subjectType: z.string(),
  subjectId: z.string().nullable(),
  detail: z.record(z.string(), z.json()),
});
export type AuditEntry = z.infer<typeof auditEntry>;

const detailOf = z.record(z.string(), z.json()).catch({});

/** A page of the organization's audit log, newest first. */
export async function auditPage(db: Db, by: { orgId: string; cursor?: string; limit: number }): Promise<Page<AuditEntry>> {
  const after = idAfter(by.cursor);
  let query = db.from("audit_log").select("id, created_at, actor_id, action, subject_type, subject_id, detail").eq("org_id", by.orgId);
  if (after) query = query.lt("id", after);
  const rows = unwrap(await query.order("id", { ascending: false }).limit(by.limit + 1));
  return idPage(rows, by.limit, (row) => ({
    id: row.id,
    at: moment(row.created_at),
    actorId: row.actor_id,
    action: row.action,
    subjectType: row.subject_type,
    subjectId: row.subject_id,
    detail: detailOf.parse(row.detail),
  }));
}
