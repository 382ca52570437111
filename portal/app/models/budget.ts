import { RESERVED_FOR_AN_ANSWER } from "@gpt-agent/core/limits";
import { z } from "zod";

/** What a budget can limit. Costs are millionths of a US dollar; days and months are UTC. */
export const METRICS = [
  "requests_per_minute",
  "concurrent_runs",
  "tokens_per_day",
  "tokens_per_month",
  "cost_per_day",
  "cost_per_month",
] as const;
export type Metric = (typeof METRICS)[number];

export const isCost = (metric: Metric): boolean => metric.startsWith("cost");
/** Does it count over a day or a month, so that it can be used up for long? */
export const isLong = (metric: Metric): boolean => metric !== "requests_per_minute" && metric !== "concurrent_runs";

/** Whom a budget holds back: everybody, each visitor apart, or only through one agent, one API key, or both. */
export type Subject = {
  eachVisitor: boolean;
  agent: { id: string; name: string } | null;
  /** Its name is null for those who may not see keys. */
  apiKey: { id: string; name: string | null } | null;
};

export type Budget = Subject & {
  id: string;
  metric: Metric;
  limit: number;
  used: number;
  /** Set aside for answers in the making. */
  reserved: number;
  /** When it counts anew; null for answers at the same time. */
  periodEnd: string | null;
  /** Of the limit of a day or month: not yet 80 %, from 80 %, or nothing fits any more. */
  state: "open" | "near" | "full";
};

/** A limit that is close or reached, for all members to know. */
export type BudgetAlert = Subject & { budgetId: string; metric: Metric; threshold: 80 | 100; periodEnd: string };

const MAX_LIMIT = 1_000_000_000_000_000;

/** A number as people type it: with spaces or commas between thousands, and a comma or a dot before the fraction. */
function typedNumber(text: string): number {
  const plain = text
    .trim()
    .replace(/^\$\s*/, "")
    .replace(/(?<=\d)[\s\u00a0\u202f](?=\d)/g, "");
  const dotted = /^\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(",", "") : plain.replace(",", ".");
  return /^\d+(\.\d+)?$/.test(dotted) ? Number(dotted) : Number.NaN;
}

/** A limit as it was typed (costs in dollars) as the number to store, or the code of what is wrong with it. */
export function parseLimit(
  metric: Metric,
  typed: string,
): number | "limitWhole" | "limitAmount" | "limitTooLarge" | "limitTokens" | "limitCost" {
  const number = typedNumber(typed);
  if (isCost(metric)) {
    const micros = Math.round(number * 1e6);
    if (!(micros > 0)) return "limitAmount";
    if (micros > MAX_LIMIT) return "limitTooLarge";
    return micros < RESERVED_FOR_AN_ANSWER.micros ? "limitCost" : micros;
  }
  if (!Number.isInteger(number) || number < 1) return "limitWhole";
  if (number > MAX_LIMIT) return "limitTooLarge";
  return metric.startsWith("tokens") && number < RESERVED_FOR_AN_ANSWER.tokens ? "limitTokens" : number;
}

/** A limit as one would type it. */
export const typedLimit = (metric: Metric, limit: number): string => String(isCost(metric) ? limit / 1e6 : limit);

/** Whom a budget is for, as a form's value: organization, visitor, agent:<id>, visitor:<id of an agent>, key:<id>. */
export const whoField = z.union([
  z.enum(["organization", "visitor"]),
  z.templateLiteral([z.enum(["agent", "visitor", "key"]), ":", z.uuid()]),
]);
export type Who = z.infer<typeof whoField>;

/** The columns of a budget for whom a form names. */
export function columnsOf(who: Who): { agent_id: string | null; api_key_id: string | null; each_visitor: boolean } {
  const [kind, id = null] = who.split(":");
  return { agent_id: kind === "key" ? null : id, api_key_id: kind === "key" ? id : null, each_visitor: kind === "visitor" };
}

/** What a form would say for whom a budget is. */
export function whoOf({ eachVisitor, agent, apiKey }: Subject): Who {
  if (apiKey) return `key:${apiKey.id}`;
  if (eachVisitor) return agent ? `visitor:${agent.id}` : "visitor";
  return agent ? `agent:${agent.id}` : "organization";
}
