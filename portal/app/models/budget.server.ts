import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import { unwrap } from "~/models/result.server";
import { type Budget, type BudgetAlert, columnsOf, isLong, METRICS, type Metric, type Subject, type Who } from "./budget";

type Row = { agent_id: string | null; api_key_id: string | null };

const metricOf = (text: string): Metric => METRICS.find((metric) => metric === text) ?? "requests_per_minute";

/** Whom budgets are for, by their ids. Names of API keys come only to those who may see them. */
async function subjectNames(db: Db, orgId: string, rows: Row[]) {
  const [agents, keys] = await Promise.all([
    rows.some((row) => row.agent_id) ? db.from("agents").select("id, name").eq("org_id", orgId).then(unwrap) : [],
    rows.some((row) => row.api_key_id) ? db.from("api_keys").select("id, name").eq("org_id", orgId).then(unwrap) : [],
  ]);
  const agentNames = new Map(agents.map(({ id, name }) => [id, name]));
  const keyNames = new Map(keys.map(({ id, name }) => [id, name]));
  return (row: Row, eachVisitor: boolean): Subject => ({
    eachVisitor,
    agent: row.agent_id ? { id: row.agent_id, name: agentNames.get(row.agent_id) ?? "" } : null,
    apiKey: row.api_key_id ? { id: row.api_key_id, name: keyNames.get(row.api_key_id) ?? null } : null,
  });
}

/** usage_alerts of periods that have not ended: {budget, limit} to the highest threshold that was reached. */
async function reachedNow(db: Db, orgId: string) {
  const rows = unwrap(
    await db
      .from("usage_alerts")
      .select("budget_id, limit_value, threshold, period_end")
      .eq("org_id", orgId)
      .gt("period_end", new Date().toISOString())
      .order("threshold")
      .limit(500),
  );
  return new Map(rows.map((row) => [`${row.budget_id}:${row.limit_value}`, row]));
}

/** The organization's limits with what is used and set aside of each now; those for everybody first. */
export async function listBudgets(db: Db, by: { orgId: string }): Promise<Budget[]> {
  const [rows, reached] = await Promise.all([db.rpc("budget_use", { org: by.orgId }).then(unwrap), reachedNow(db, by.orgId)]);
  const subjectOf = await subjectNames(db, by.orgId, rows);
  const order = ["organization", "agent", "api_key", "visitor"];
  return rows
    .map((row) => {
      const metric = metricOf(row.metric);
      const parts = (row.used + row.reserved) / row.limit_value;
      // A budget of visitors is as full for each of them as they made it; the alert is about whoever was first.
      const alerted = row.subject === "visitor" ? 0 : (reached.get(`${row.id}:${row.limit_value}`)?.threshold ?? 0);
      const state = !isLong(metric) ? "open" : alerted === 100 || parts >= 1 ? "full" : alerted === 80 || parts >= 0.8 ? "near" : "open";
      return {
        ...subjectOf(row, row.subject === "visitor"),
        id: row.id,
        metric,
        limit: row.limit_value,
        used: row.used,
        reserved: row.reserved,
        periodEnd: row.period_end,
        state,
        rank: order.indexOf(row.subject) * METRICS.length + METRICS.indexOf(metric),
      } as const;
    })
    .sort((a, b) => a.rank - b.rank || (a.agent?.name ?? "").localeCompare(b.agent?.name ?? ""))
    .map(({ rank: _, ...budget }) => budget);
}

/**
 * Limits of this day or month that are close or reached as they stand now, the reached ones first. A limit of each visitor is
 * left out: that one visitor came to theirs is what it is for.
 */
export async function currentAlerts(db: Db, by: { orgId: string }): Promise<BudgetAlert[]> {
  const reached = await reachedNow(db, by.orgId);
  if (reached.size === 0) return [];
  const ids = [...new Set([...reached.values()].map(({ budget_id }) => budget_id))];
  const budgets = unwrap(
    await db
      .from("budgets")
      .select("id, agent_id, api_key_id, metric, limit_value")
      .eq("org_id", by.orgId)
      .eq("each_visitor", false)
      .in("id", ids.slice(0, 100)),
  );
  const subjectOf = await subjectNames(db, by.orgId, budgets);
  return budgets
    .flatMap((budget): BudgetAlert[] => {
      const alert = reached.get(`${budget.id}:${budget.limit_value}`);
      if (!alert) return [];
      const threshold = alert.threshold === 100 ? 100 : 80;
      return [
        { ...subjectOf(budget, false), budgetId: budget.id, metric: metricOf(budget.metric), threshold, periodEnd: alert.period_end },
      ];
    })
    .sort((a, b) => b.threshold - a.threshold || b.periodEnd.localeCompare(a.periodEnd));
}

/** The agents and working API keys that a limit can be set for. */
export async function listSubjects(db: Db, by: { orgId: string }) {
  const [agents, keys] = await Promise.all([
    db.from("agents").select("id, name").eq("org_id", by.orgId).order("name").then(unwrap),
    db.from("api_keys").select("id, name").eq("org_id", by.orgId).is("revoked_at", null).order("name").then(unwrap),
  ]);
  return { agents, keys };
}

/** Sets a new limit. Throws "conflict" where there is one for the same, "forbidden" for callers who are no admins. */
export async function addBudget(db: Db, budget: { orgId: string; who: Who; metric: Metric; limit: number }): Promise<void> {
  const { error } = await db
    .from("budgets")
    .insert({ org_id: budget.orgId, ...columnsOf(budget.who), metric: budget.metric, limit_value: budget.limit });
  if (error) unwrap({ data: null, error });
}

/** Changes a limit. Throws "not_found" for one that is not there, or not for the caller to change. */
export async function changeBudget(db: Db, by: { orgId: string; budgetId: string; limit: number }): Promise<void> {
  const row = unwrap(
    await db.from("budgets").update({ limit_value: by.limit }).eq("org_id", by.orgId).eq("id", by.budgetId).select("id").maybeSingle(),
  );
  if (!row) throw new AppError("not_found", "There is no such limit.");
}

/** What a limit counts; null for one that is not the organization's. */
export async function metricOfBudget(db: Db, by: { orgId: string; budgetId: string }): Promise<Metric | null> {
  const row = unwrap(await db.from("budgets").select("metric").eq("org_id", by.orgId).eq("id", by.budgetId).maybeSingle());
  return row ? metricOf(row.metric) : null;
}

/** Removes a limit. Throws "not_found" as changeBudget does. */
export async function removeBudget(db: Db, by: { orgId: string; budgetId: string }): Promise<void> {
  const row = unwrap(await db.from("budgets").delete().eq("org_id", by.orgId).eq("id", by.budgetId).select("id").maybeSingle());
  if (!row) throw new AppError("not_found", "There is no such limit.");
}
