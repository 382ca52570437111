import { type CrmDeps, type CrmSession, MalformedConnection, openSession } from "@gpt-agent/core/crm/session";
import type { JobName, JobPayload } from "@gpt-agent/core/jobs";
import { PermanentFailure, type RunningJob } from "../queue/job-queue.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

export type Turn = Pick<RunningJob, "id" | "attempt" | "lastAttempt" | "signal">;

type Work<N extends JobName> = {
  connectionId: string;
  /** The job, as it is put into the outbox again when it has to wait. */
  job: { name: N; payload: JobPayload<N> };
  run(session: CrmSession): Promise<void>;
  /** Writes down what the failure means for the work at hand. */
  settle?(verdict: Verdict): Promise<void>;
};

/**
 * Does a piece of work for a connection and writes down how the connection is. What has to wait is postponed and is no failure; what only
 * somebody's signing in can help waits for that.
 * @throws what may succeed in another try, and PermanentFailure
 */
export async function withConnection<N extends JobName>(work: Work<N>, deps: CrmDeps, turn: Turn): Promise<void> {
  let session: CrmSession | null = null;
  try {
    session = await openSession(work.connectionId, deps, turn.signal);
    if (!session) return;
    await work.run(session);
  } catch (error) {
    if (error instanceof MalformedConnection) {
      await work.settle?.({ kind: "given_up", code: "unexpected", detail: null });
      throw new PermanentFailure(error.message);
    }
    // The worker is going away: the queue gives the job to another, which may go on at once.
    if (turn.signal.aborted || !session) throw error;
    const verdict = verdictOf(error, turn, session.grants.secrets());
    await work.settle?.(verdict);
    await note(work.connectionId, verdict, turn, deps);
    deps.log.warn("Work with a CRM did not come to its end", {
      connectionId: work.connectionId,
      crm: session.connection.crm,
      verdict: verdict.kind,
      code: verdict.code,
    });
    if (verdict.kind === "postponed") await postpone(session, work.job, verdict.waitMs, deps, turn);
    if (verdict.kind === "retry" || verdict.kind === "given_up") throw error;
    return;
  }
  if (session.connection.status !== "ok") await noteConnection(deps, work.connectionId, null, null);
}

/** What is about one record is not the connection's fault, and one failure of a moment worries nobody. */
async function note(connectionId: string, verdict: Verdict, { attempt }: Turn, deps: CrmDeps): Promise<void> {
  if (verdict.code === null || verdict.code === "unexpected") return;
  if (verdict.kind === "refused" && verdict.code !== "forbidden") return;
  if (verdict.kind === "retry" && attempt < 2) return;
  await noteConnection(deps, connectionId, verdict.code, verdict.detail);
}

async function noteConnection({ db }: CrmDeps, connection: string, code: string | null, detail: string | null) {
  const { error } = await db.rpc("note_connection", { connection, code, detail });
  if (error) throw error;
}

async function postpone<N extends JobName>(
  { connection }: CrmSession,
  { name, payload }: Work<N>["job"],
  waitMs: number,
  deps: CrmDeps,
  turn: Turn,
): Promise<void> {
  await postponeJob(deps, { orgId: connection.orgId, name, payload, after: turn.id, waitMs });
}

/** Puts a job into the outbox once more, for later: once for each job that asks. */
export async function postponeJob<N extends JobName>(
  { db }: Pick<CrmDeps, "db">,
  given: { orgId: string; name: N; payload: JobPayload<N>; after: string; waitMs: number },
): Promise<void> {
  // Many that wait for one account come back one after the other.
  const milliseconds = Math.ceil(given.waitMs + Math.random() * Math.min(given.waitMs, 2_000));
  const { error } = await db.rpc("postpone_job", {
    job_org: given.orgId,
    job_name: given.name,
    job_payload: given.payload,
    after_job: given.after,
    milliseconds,
  });
  if (error) throw error;
}
