import type { BackupPlan } from "@gpt-agent/core/backup/run-backup";
import type { Crms } from "@gpt-agent/core/crm/crms";
import type { Db } from "@gpt-agent/core/db";
import { isJobName, JOBS, type JobName, type JobPayload } from "@gpt-agent/core/jobs";
import type { Embedder } from "@gpt-agent/core/llm/embed";
import type { Log } from "@gpt-agent/core/log";
import type { Mailer } from "@gpt-agent/core/mail/mailer";
import type { SafeFetch } from "@gpt-agent/core/safe-fetch";
import type { SecretBox } from "@gpt-agent/core/secrets";
import { markFailed } from "../ingest/index-source.ts";
import { PermanentFailure, type RunningJob } from "../queue/job-queue.ts";
import { conversationEnd } from "./conversation-end.ts";
import { crmDisconnect } from "./crm-disconnect.ts";
import { crmErase } from "./crm-erase.ts";
import { crmInbound } from "./crm-inbound.ts";
import { crmPoll } from "./crm-poll.ts";
import { crmPull } from "./crm-pull.ts";
import { crmPush } from "./crm-push.ts";
import { crmSetup } from "./crm-setup.ts";
import { mailSend } from "./mail-send.ts";
import { platformBackup } from "./platform-backup.ts";
import { platformSweep } from "./platform-sweep.ts";
import { secretsReseal } from "./secrets-reseal.ts";
import { sourceEmbed } from "./source-embed.ts";
import { sourceForget } from "./source-forget.ts";
import { sourceRead } from "./source-read.ts";
import { webhookDeliver } from "./webhook-deliver.ts";

/** What handlers work with. */
export type JobDeps = {
  db: Db;
  log: Log;
  embedder: Embedder | null;
  egress: SafeFetch;
  crmEgress: SafeFetch;
  secretBox: SecretBox;
  mailer: Mailer | null;
  crms: Crms;
  appUrl: string;
  /** Null where there is no place for backups. */
  backup: BackupPlan | null;
};

/** Does a job. It may be called twice for one job and must then have the effect of once; a subject that is gone is no error. */
export type Handler<N extends JobName> = (
  payload: JobPayload<N>,
  deps: JobDeps,
  turn: Pick<RunningJob, "id" | "attempt" | "lastAttempt" | "signal">,
) => Promise<void>;

/** Every job of the catalogue has its handler here; one that is missing does not compile. */
const HANDLERS: { [N in JobName]: Handler<N> } = {
  "source.read": sourceRead,
  "source.embed": sourceEmbed,
  "source.forget": sourceForget,
  "webhook.deliver": webhookDeliver,
  "platform.sweep": platformSweep,
  "platform.backup": platformBackup,
  "mail.send": mailSend,
  "conversation.end": conversationEnd,
  "crm.setup": crmSetup,
  "crm.push": crmPush,
  "crm.pull": crmPull,
  "crm.inbound": crmInbound,
  "crm.erase": crmErase,
  "crm.disconnect": crmDisconnect,
  "crm.poll": crmPoll,
  "secrets.reseal": secretsReseal,
};

/**
 * Does a queued job with the handler of its name.
 * @throws PermanentFailure for a job that is not in the catalogue or whose payload is malformed
 */
export async function handleJob(job: RunningJob, deps: JobDeps): Promise<void> {
  if (!isJobName(job.name)) throw new PermanentFailure(`There is no job named ${job.name}`);
  await run(job.name, job, { ...deps, log: deps.log.with({ job: job.name, jobId: job.id, attempt: job.attempt }) });
}

/** Told once a job is given up, whatever the reason: its worker may have died of it, and its handler could say nothing. */
const GIVEN_UP: { [N in JobName]?: (payload: JobPayload<N>, deps: JobDeps) => Promise<void> } = {
  "source.read": ({ sourceId }, { db }) => markFailed(db, sourceId, "unexpected"),
};

/** Tells what a job was for that it is given up, where somebody waits for it. */
export async function giveUp(job: RunningJob, deps: JobDeps): Promise<void> {
  if (!isJobName(job.name)) return;
  const payload = JOBS[job.name].payload.safeParse(job.payload);
  if (payload.success) await (GIVEN_UP[job.name] as ((payload: unknown, deps: JobDeps) => Promise<void>) | undefined)?.(payload.data, deps);
}

async function run<N extends JobName>(name: N, job: RunningJob, deps: JobDeps): Promise<void> {
  const payload = JOBS[name].payload.safeParse(job.payload);
  if (!payload.success) throw new PermanentFailure(`The payload of ${name} is malformed: ${payload.error.message}`);
  await HANDLERS[name](payload.data as JobPayload<N>, deps, job);
}
