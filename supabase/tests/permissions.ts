/** The least role that may do something; "service": only the server's own key; "nobody": not even that. */
export type Least = "viewer" | "operator" | "editor" | "admin" | "owner" | "service" | "nobody";

/**
 * Who may do what to a row of their own organization. To a row of another organization nobody may do anything but the
 * server's own key; and anonymous, removed and unknown people may do nothing at all. A table that is missing here fails the tests.
 */
export const PERMISSIONS: Record<
  string,
  {
    select: Least;
    insert: Least;
    update: Least;
    delete: Least;
    /** People give the row's id themselves, so who may insert and update may also do both at once. */
    upsert?: Least;
  }
> = {
  "public.organizations": { select: "viewer", insert: "service", update: "admin", delete: "owner" },
  "public.memberships": { select: "viewer", insert: "service", update: "admin", delete: "admin" },
  "public.memberships (an owner's)": { select: "viewer", insert: "service", update: "owner", delete: "owner" },
  "public.agents": { select: "viewer", insert: "editor", update: "editor", delete: "admin" },
  "public.agent_versions": { select: "viewer", insert: "editor", update: "nobody", delete: "service" },
  "public.agent_origins": { select: "viewer", insert: "editor", update: "service", delete: "editor" },
  "public.agent_secrets": { select: "editor", insert: "editor", update: "service", delete: "editor" },
  "public.identity_keys": { select: "admin", insert: "admin", update: "service", delete: "admin" },
  "public.sources": { select: "viewer", insert: "service", update: "service", delete: "editor" },
  "public.source_versions": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.chunks": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.embeddings": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.visitors": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.conversations": { select: "viewer", insert: "service", update: "service", delete: "admin" },
  "public.handoffs": { select: "viewer", insert: "service", update: "operator", delete: "service" },
  "public.leads": { select: "viewer", insert: "service", update: "service", delete: "admin" },
  "public.messages": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.runs": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.run_passages": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.run_actions": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.citations": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.feedback": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.unanswered": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.usage_daily": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.usage_by_model": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.usage_alerts": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.budgets": { select: "viewer", insert: "admin", update: "admin", delete: "admin" },
  "public.budget_counters": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.budget_holds": { select: "viewer", insert: "service", update: "service", delete: "service" },
  "public.api_keys": { select: "admin", insert: "admin", update: "admin", delete: "service" },
  "public.webhook_endpoints": { select: "admin", insert: "admin", update: "admin", delete: "admin", upsert: "admin" },
  "public.webhook_events": { select: "admin", insert: "service", update: "service", delete: "service" },
  "public.webhook_deliveries": { select: "admin", insert: "service", update: "service", delete: "service" },
  "public.webhook_attempts": { select: "admin", insert: "service", update: "service", delete: "service" },
  "public.connections": { select: "admin", insert: "admin", update: "admin", delete: "service", upsert: "admin" },
  "public.connection_sign_ins": { select: "service", insert: "service", update: "service", delete: "service" },
  "public.crm_contacts": { select: "operator", insert: "service", update: "service", delete: "service" },
  "public.crm_links": { select: "operator", insert: "service", update: "service", delete: "service" },
  "public.crm_pushes": { select: "operator", insert: "service", update: "service", delete: "service" },
  "public.crm_pulls": { select: "admin", insert: "service", update: "service", delete: "service" },
  "public.inbound_events": { select: "admin", insert: "service", update: "service", delete: "service" },
  "public.crm_erasures": { select: "admin", insert: "service", update: "service", delete: "service" },
  "public.audit_log": { select: "admin", insert: "service", update: "nobody", delete: "nobody" },
  "public.outbox": { select: "service", insert: "service", update: "service", delete: "service" },
  "public.mails": { select: "service", insert: "service", update: "service", delete: "service" },
  "public.idempotency_keys": { select: "service", insert: "service", update: "service", delete: "service" },
  "storage.objects": { select: "viewer", insert: "editor", update: "service", delete: "editor" },
};

/** Tables whose rows the server's own key may give to another organization; stored objects are Supabase's own table. */
const MOVABLE_BY_SERVICE = ["storage.objects"];

export type Cell = { tbl: string; principal: string; org: "A" | "B"; verb: string; outcome: string };

const RANKS: Least[] = ["viewer", "operator", "editor", "admin", "owner"];

/** The principal's role in an organization: one of the ranks, "service", or null for outsiders. */
function roleIn(principal: string, org: "A" | "B"): Least | null {
  if (principal === "service_role") return "service";
  if (principal === "owner of B") return org === "B" ? "owner" : null;
  return org === "A" ? (RANKS.find((rank) => rank === principal) ?? null) : null;
}

function holds(role: Least | null, least: Least): boolean {
  if (role === null || least === "nobody") return false;
  if (role === "service") return true;
  return least !== "service" && RANKS.indexOf(role) >= RANKS.indexOf(least);
}

/** Whether a cell of the matrix should have succeeded. Throws for a table without an entry above. */
export function isExpected({ tbl, principal, org, verb }: Omit<Cell, "outcome">): boolean {
  const table = PERMISSIONS[tbl];
  if (!table) throw new Error(`${tbl} has no entry in supabase/tests/permissions.ts: say who may do what with it`);
  const role = roleIn(principal, org);
  if (verb.includes("the other's")) return false;
  if (verb === "move") return role === "service" && MOVABLE_BY_SERVICE.includes(tbl);
  if (verb === "upsert" && table.upsert) return holds(role, table.upsert);
  if (verb === "upsert") return role === "service" && table.insert !== "nobody" && table.update !== "nobody";
  const [first, second] = verb.split(" ");
  const needed = [first, ...(second === "returning" ? ["select"] : [])] as ("select" | "insert" | "update" | "delete")[];
  return needed.every((part) => holds(role, table[part]));
}

/**
 * What is wrong with a cell, or null. A refusal counts only when it is one: no rows, or insufficient privilege (and, where a
 * row points at another organization's, a foreign key that does not hold). Any other error proves nothing and is reported.
 */
export function verdict(cell: Cell): string | null {
  const expected = isExpected(cell);
  const happened = /^[1-9]\d*$/.test(cell.outcome) && cell.outcome.length < 5;
  const refused =
    cell.outcome === "0" ||
    cell.outcome === "42501" ||
    (cell.outcome === "23503" && (cell.verb === "move" || cell.verb.includes("the other's")));
  if (expected ? happened : refused) return null;
  const said = `${cell.principal} · ${cell.verb} · ${cell.tbl} of ${cell.org}: ${cell.outcome}`;
  if (expected) return `${said} (should succeed)`;
  return happened ? `LEAK ${said}` : `${said} (neither done nor refused)`;
}
