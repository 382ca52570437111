import { CrmError } from "@gpt-agent/core/crm/crm-error";
import { keysToKeep } from "@gpt-agent/core/crm/push-plan";
import type { CrmDeps, CrmSession } from "@gpt-agent/core/crm/session";
import { z } from "zod";
import { PermanentFailure } from "../queue/job-queue.ts";
import { contactRows } from "./contact-rows.ts";
import type { Verdict } from "./verdict.ts";
import { postponeJob, type Turn, withConnection } from "./with-connection.ts";

/** How long one job reads before it makes room for others, in milliseconds. */
const TURN_MS = 15_000;
/** When a reading that failed for good is taken up again, in milliseconds. */
const AFTER_FAILURE_MS = 5 * 60_000;

const begun = z
  .object({ orgId: z.uuid(), mode: z.enum(["backfill", "changes"]), since: z.string().nullable(), cursor: z.string().nullable() })
  .nullable();

/**
 * Reads contacts of a connection: all of them at first, then what has changed. Page and cursor are stored together and only by the job that
 * has the reading, so that a worker that dies at any moment loses nothing and doubles nothing. Never writes to the CRM.
 */
export async function pullContacts(connectionId: string, deps: CrmDeps, turn: Turn): Promise<void> {
  const { data, error } = await deps.db.rpc("begin_crm_pull", { connection: connectionId, job: turn.id });
  if (error) throw error;
  const parsed = begun.safeParse(data);
  if (!parsed.success) throw new PermanentFailure(`A pull is malformed: ${parsed.error.message}`);
  const pull = parsed.data;
  if (!pull) return;
  const giveBack = async (milliseconds: number, anew = false) => {
    const given = await deps.db.rpc("yield_crm_pull", { connection: connectionId, job: turn.id, milliseconds, anew });
    if (given.error) throw given.error;
  };
  const job = { name: "crm.pull" as const, payload: { connectionId } };
  let cursor = pull.cursor;
  await withConnection(
    {
      connectionId,
      job,
      async run(session) {
        const until = Date.now() + TURN_MS;
        do {
          const next = await readPage(session, { since: pull.since, cursor }, deps, turn);
          if (next === false) return;
          cursor = next;
          if (cursor === null) return deps.log.info("A CRM's contacts were read", { connectionId, mode: pull.mode });
        } while (Date.now() < until);
        await giveBack(0);
        await postponeJob(deps, { orgId: pull.orgId, ...job, after: turn.id, waitMs: 0 });
      },
      async settle(verdict: Verdict) {
        // Some CRMs forget a cursor after a while, and say so in their own ways.
        const isForgotten = verdict.kind === "refused" && cursor !== null;
        await giveBack(verdict.kind === "postponed" ? verdict.waitMs : verdict.kind === "retry" ? 0 : AFTER_FAILURE_MS, isForgotten);
      },
    },
    deps,
    turn,
  );
}

/** Reads and stores a page. @returns where the next begins, null after the last; false when another job has taken over */
async function readPage(
  session: CrmSession,
  { since, cursor }: { since: string | null; cursor: string | null },
  { db }: CrmDeps,
  turn: Turn,
): Promise<string | null | false> {
  const { settings } = session.connection;
  const page = await session.crm.pull(session.call, { since, cursor, fields: keysToKeep(settings) });
  if (page.next !== null && page.next === cursor) throw new CrmError("malformed", "The CRM's pages do not go on");
  const { data, error } = await db.rpc("store_crm_page", {
    connection: session.id,
    job: turn.id,
    at_cursor: cursor,
    page: contactRows(page.contacts, settings),
    gone: page.deleted,
    next_cursor: page.next,
    ...(page.total === null ? {} : { in_all: page.total }),
  });
  if (error) throw error;
  return data ? page.next : false;
}
