import type { Db } from "@gpt-agent/core/db";
import type { Log } from "@gpt-agent/core/log";
import { z } from "zod";

/** Something that the company's CRM knows of a verified visitor and lets the agent read. */
export type VisitorFact = { label: string; value: string; crm: string; cloud: string };

const facts = z.array(z.object({ label: z.string(), value: z.string(), crm: z.string(), cloud: z.string() }));
/** An answer never waits longer for what is only good to know, in milliseconds. */
const PATIENCE_MS = 500;

/**
 * What the agent may be told of a visitor; nothing for one who is not verified. A database that is slow or away costs the answer no more
 * than half a second: it then goes without.
 */
export async function visitorFacts(
  db: Db,
  who: { orgId: string; agentId: string; visitorId: string | null; verified: boolean },
  log: Log,
): Promise<VisitorFact[]> {
  if (!who.verified || !who.visitorId) return [];
  try {
    const { data, error } = await db
      .rpc("visitor_facts", { org: who.orgId, agent: who.agentId, visitor: who.visitorId })
      .abortSignal(AbortSignal.timeout(PATIENCE_MS));
    if (error) throw error;
    return facts.parse(data);
  } catch (error) {
    log.warn("what the CRM knows of a visitor could not be read", { error, orgId: who.orgId });
    return [];
  }
}

const plain = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** Does an answer tell one of the facts? Then it rests on what is known of the visitor, and no document has to hold it up. */
export function tellsFact(answer: string, known: VisitorFact[]): boolean {
  const told = ` ${plain(answer)} `;
  return known.some(({ value }) => plain(value).length > 1 && told.includes(` ${plain(value)} `));
}
