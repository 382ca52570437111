import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { z } from "zod";
import { unwrap } from "~/models/result.server";

type Tables = Database["public"]["Tables"];
type Owned = { orgId: string; connectionId: string };

const countOf = (answer: { count: number | null; data: unknown; error: null | { message: string } }): number => {
  unwrap(answer);
  return answer.count ?? 0;
};

/** How the reading of a CRM's contacts stands: all of them first, then what changes. */
export type Pull = Pick<Tables["crm_pulls"]["Row"], "contacts" | "total" | "moved_at" | "ended_at"> & { mode: "backfill" | "changes" };

export type SyncNumbers = {
  /** Contacts that are known here. */
  contacts: number;
  written: number;
  waiting: number;
  failed: number;
  dead: number;
  erasing: number;
  pull: Pull | null;
};

/** The figures of one connection. */
export async function syncNumbers(db: Db, by: Owned): Promise<SyncNumbers> {
  const rows = (table: "crm_contacts" | "crm_pushes" | "inbound_events" | "crm_erasures") =>
    db.from(table).select("id", { count: "exact", head: true }).eq("org_id", by.orgId).eq("connection_id", by.connectionId);
  const [contacts, written, waiting, failed, dead, erasing, pull] = await Promise.all([
    rows("crm_contacts").is("deleted_at", null),
    rows("crm_pushes").filter("status", "eq", "done"),
    rows("crm_pushes").filter("status", "eq", "pending"),
    rows("crm_pushes").filter("status", "eq", "failed"),
    rows("inbound_events").filter("status", "eq", "dead"),
    rows("crm_erasures").filter("status", "eq", "pending"),
    db
      .from("crm_pulls")
      .select("mode, contacts, total, moved_at, ended_at")
      .eq("org_id", by.orgId)
      .eq("connection_id", by.connectionId)
      .maybeSingle(),
  ]);
  return {
    contacts: countOf(contacts),
    written: countOf(written),
    waiting: countOf(waiting),
    failed: countOf(failed),
    dead: countOf(dead),
    erasing: countOf(erasing),
    pull: unwrap(pull) as Pull | null,
  };
}

/** How many contacts each connection knows. */
export async function contactCounts(db: Db, by: { orgId: string; connectionIds: string[] }): Promise<Record<string, number>> {
  const counts = await Promise.all(
    by.connectionIds.map(async (id) => {
      const answer = await db
        .from("crm_contacts")
        .select("id", { count: "exact", head: true })
        .eq("org_id", by.orgId)
        .eq("connection_id", id)
        .is("deleted_at", null);
      return [id, countOf(answer)] as const;
    }),
  );
  return Object.fromEntries(counts);
}

export type Link = { object: "contact" | "deal" | "summary" | "transcript"; url: string | null; pushedAt: string | null };
export type Push = Pick<
  Tables["crm_pushes"]["Row"],
  "id" | "conversation_id" | "attempts" | "error_code" | "error_detail" | "asked_at" | "ended_at" | "reasons"
> & { status: "pending" | "done" | "failed" | "skipped"; title: string | null; links: Link[] };

const PUSH = "id, conversation_id, status, reasons, attempts, error_code, error_detail, asked_at, ended_at";
const PAGE = 25;

/** What was written to a CRM, what was asked for last first, 25 at a time before a moment; only what failed on request. */
export async function listPushes(
  db: Db,
  by: Owned & { before: string | undefined; failed: boolean },
): Promise<{ pushes: Push[]; next: string | null }> {
  let query = db
    .from("crm_pushes")
    .select(PUSH)
    .eq("org_id", by.orgId)
    .eq("connection_id", by.connectionId)
    .order("asked_at", { ascending: false })
    .limit(PAGE + 1);
  if (by.before) query = query.lt("asked_at", by.before);
  if (by.failed) query = query.eq("status", "failed");
  const rows = unwrap(await query);
  const page = rows.slice(0, PAGE);
  const ids = page.map(({ conversation_id }) => conversation_id);
  const [titles, links] = await Promise.all([
    db.from("conversations").select("id, title").eq("org_id", by.orgId).in("id", ids).then(unwrap),
    db
      .from("crm_links")
      .select("conversation_id, object, url, pushed_at, external_id")
      .eq("org_id", by.orgId)
      .eq("connection_id", by.connectionId)
      .in("conversation_id", ids)
      .then(unwrap),
  ]);
  const titleOf = new Map(titles.map(({ id, title }) => [id, title]));
  return {
    pushes: page.map((row) => ({
      ...row,
      status: row.status as Push["status"],
      title: titleOf.get(row.conversation_id) ?? null,
      links: links.filter(({ conversation_id, external_id }) => conversation_id === row.conversation_id && external_id).map(linkOf),
    })),
    next: rows.length > PAGE ? (page.at(-1)?.asked_at ?? null) : null,
  };
}

const ORDER = ["contact", "deal", "summary", "transcript"];
const linkOf = (row: { object: string; url: string | null; pushed_at: string | null }): Link => ({
  object: row.object as Link["object"],
  url: row.url,
  pushedAt: row.pushed_at,
});

export type InboundEvent = Pick<
  Tables["inbound_events"]["Row"],
  "id" | "contact_id" | "attempts" | "error_code" | "error_detail" | "received_at" | "ended_at"
> & { kind: "changed" | "deleted"; status: "pending" | "done" | "dead" | "dismissed" };

/** What a CRM has told us of, newest first, 25 at a time before a moment; only dead letters on request. */
export async function listInboundEvents(
  db: Db,
  by: Owned & { before: string | undefined; dead: boolean },
): Promise<{ events: InboundEvent[]; next: string | null }> {
  let query = db
    .from("inbound_events")
    .select("id, kind, contact_id, status, attempts, error_code, error_detail, received_at, ended_at")
    .eq("org_id", by.orgId)
    .eq("connection_id", by.connectionId)
    .order("received_at", { ascending: false })
    .limit(PAGE + 1);
  if (by.before) query = query.lt("received_at", by.before);
  if (by.dead) query = query.eq("status", "dead");
  const rows = unwrap(await query);
  const page = rows.slice(0, PAGE);
  return { events: page as InboundEvent[], next: rows.length > PAGE ? (page.at(-1)?.received_at ?? null) : null };
}

const context = z.array(
  z.object({
    connectionId: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    url: z.string().nullable(),
    changedAt: z.string(),
    fields: z.array(z.object({ label: z.string(), value: z.union([z.string(), z.number(), z.boolean()]), agentMayRead: z.boolean() })),
  }),
);
export type CrmKnown = z.infer<typeof context>[number];

/** A conversation in one CRM: what was written of it, and what the CRM knows of its verified visitor. */
export type InCrm = {
  connectionId: string;
  crm: string;
  cloud: string;
  name: string;
  push: Pick<Push, "status" | "error_code" | "asked_at" | "ended_at"> | null;
  links: Link[];
  known: CrmKnown | null;
};

/** A conversation in each of the organization's CRMs, for operators; empty where no CRM is connected. */
export async function conversationInCrms(
  db: Db,
  by: { orgId: string; conversationId: string; visitorId: string | null },
): Promise<InCrm[]> {
  const connections = unwrap(await db.rpc("connection_names", { org: by.orgId }));
  if (connections.length === 0) return [];
  const [pushes, links, known] = await Promise.all([
    db
      .from("crm_pushes")
      .select("connection_id, status, error_code, asked_at, ended_at")
      .eq("org_id", by.orgId)
      .eq("conversation_id", by.conversationId)
      .then(unwrap),
    db
      .from("crm_links")
      .select("connection_id, object, url, pushed_at, external_id")
      .eq("org_id", by.orgId)
      .eq("conversation_id", by.conversationId)
      .then(unwrap),
    by.visitorId ? db.rpc("crm_context", { org: by.orgId, visitor: by.visitorId }).then(unwrap) : [],
  ]);
  const contexts = context.parse(known);
  return connections.map(({ id, crm, cloud, name }) => {
    const push = pushes.find(({ connection_id }) => connection_id === id);
    return {
      connectionId: id,
      crm,
      cloud,
      name,
      push: push ? { ...push, status: push.status as Push["status"] } : null,
      links: links
        .filter(({ connection_id, external_id }) => connection_id === id && external_id)
        .sort((a, b) => ORDER.indexOf(a.object) - ORDER.indexOf(b.object))
        .map(linkOf),
      known: contexts.find(({ connectionId }) => connectionId === id) ?? null,
    };
  });
}

/** Writes a conversation to a CRM now, or tries again what failed. False for one that cannot be: of the playground, or a CRM that is being left. */
export async function pushNow(db: Db, by: Owned & { conversationId: string }): Promise<boolean> {
  return unwrap(await db.rpc("push_to_crm", { org: by.orgId, connection: by.connectionId, conversation: by.conversationId })) !== null;
}

/** Works on a dead letter again, or takes it off the list. False when it is none any more. */
export async function settleEvent(db: Db, by: { orgId: string; eventId: string; wish: "retry" | "dismiss" }): Promise<boolean> {
  const given = { org: by.orgId, event: by.eventId };
  return unwrap(by.wish === "retry" ? await db.rpc("retry_inbound_event", given) : await db.rpc("dismiss_inbound_event", given));
}

export async function findInboundEvent(db: Db, by: Owned & { eventId: string }): Promise<{ id: string } | null> {
  return unwrap(
    await db
      .from("inbound_events")
      .select("id")
      .eq("org_id", by.orgId)
      .eq("connection_id", by.connectionId)
      .eq("id", by.eventId)
      .maybeSingle(),
  );
}

/** The records of one conversation in one CRM. */
export async function linksOf(db: Db, by: Owned & { conversationId: string }): Promise<{ object: string; external_id: string | null }[]> {
  return unwrap(
    await db
      .from("crm_links")
      .select("object, external_id")
      .eq("org_id", by.orgId)
      .eq("connection_id", by.connectionId)
      .eq("conversation_id", by.conversationId),
  );
}
