import { z } from "zod";
import type { Schedule } from "./schedule.ts";

type JobSpec = {
  /** Ids only: job data is plaintext. */
  payload: z.ZodType;
  /** How often it is tried in all. */
  attempts: number;
  /** Milliseconds before the second try; each later one waits twice as long. */
  backoff: number;
  /**
   * Where it stands among the jobs of its organization: "first" is what somebody waits for, "last" is what comes in bulk, which
   * never takes more than half of the organization's places.
   */
  rank?: "first" | "last";
  /** A scheduled job, with an empty payload: once in each span of this length (they begin at full multiples of it, UTC) ... */
  every?: `${number}${"s" | "m" | "h"}`;
  /** ... or whenever the clock in UTC fits these five fields of cron. */
  cron?: string;
};

/**
 * Every job there is. A job may run twice and must have the effect of once. One with `every` or `cron` comes into the outbox by
 * itself, once a tick whatever the number of workers; a tick is passed over while the job of an earlier one has not ended.
 */
export const JOBS = {
  /** Reads an uploaded source: extract, chunk, index. */
  "source.read": { payload: z.strictObject({ sourceId: z.uuid() }), attempts: 4, backoff: 2_000 },
  /** Makes the embeddings of a published reading, where an embedder is configured. */
  "source.embed": { payload: z.strictObject({ versionId: z.uuid() }), attempts: 8, backoff: 5_000, rank: "last" },
  /** Removes the stored object of a deleted source. */
  "source.forget": { payload: z.strictObject({ objectKey: z.string().max(300) }), attempts: 10, backoff: 10_000, rank: "last" },
  /** Makes one attempt to tell an endpoint of an event; the next one is another job. */
  "webhook.deliver": { payload: z.strictObject({ deliveryId: z.uuid() }), attempts: 5, backoff: 2_000, rank: "first" },
  /** Finds work whose job was lost, and clears away what is kept for a while only. */
  "platform.sweep": { payload: z.strictObject({}), attempts: 1, backoff: 1_000, every: "60s" },
  /** Makes the daily backup, where there is a place for it, and clears away those that have had their time. */
  "platform.backup": { payload: z.strictObject({}), attempts: 3, backoff: 600_000, cron: "30 3 * * *" },
  /** Sends an e-mail to one person. Pauses longer than a sending's lease, over an hour and a half. */
  "mail.send": { payload: z.strictObject({ mailId: z.uuid() }), attempts: 7, backoff: 90_000 },
  /** Ends the conversations in which nobody has written for half an hour. */
  "conversation.end": { payload: z.strictObject({}), attempts: 1, backoff: 1_000, every: "60s" },
  /** Checks a new connection to a CRM, subscribes to its changes, takes up what waits on it. */
  "crm.setup": { payload: z.strictObject({ connectionId: z.uuid() }), attempts: 6, backoff: 5_000 },
  /** Writes a conversation to a CRM. Tried for about an hour and a half. */
  "crm.push": { payload: z.strictObject({ pushId: z.uuid() }), attempts: 10, backoff: 10_000 },
  /** Reads contacts of a CRM for some seconds; the next pages are another job. */
  "crm.pull": { payload: z.strictObject({ connectionId: z.uuid() }), attempts: 5, backoff: 2_000, rank: "last" },
  /** Looks at a contact that a CRM told of. */
  "crm.inbound": { payload: z.strictObject({ eventId: z.uuid() }), attempts: 8, backoff: 5_000, rank: "last" },
  /** Removes a record of ours from a CRM, since what it tells of was erased here. */
  "crm.erase": { payload: z.strictObject({ erasureId: z.uuid() }), attempts: 10, backoff: 10_000, rank: "last" },
  /** Takes leave of a CRM and erases the connection. */
  "crm.disconnect": { payload: z.strictObject({ connectionId: z.uuid() }), attempts: 5, backoff: 2_000 },
  /** Puts due readings of CRMs, and work with them that was lost, into the outbox. */
  "crm.poll": { payload: z.strictObject({}), attempts: 1, backoff: 1_000, every: "60s" },
  /** Seals anew what was sealed under an encryption key that has been replaced. */
  "secrets.reseal": { payload: z.strictObject({}), attempts: 3, backoff: 60_000, every: "1h" },
} as const satisfies Record<string, JobSpec>;

export type JobName = keyof typeof JOBS;
export type JobPayload<N extends JobName> = z.infer<(typeof JOBS)[N]["payload"]>;
export const isJobName = (name: string): name is JobName => Object.hasOwn(JOBS, name);
/** The catalogue's entry, with what only some entries say. */
export const jobSpec = (name: JobName): JobSpec => JOBS[name];

/** When a scheduled job runs; null for all others. */
export function scheduleOf(name: JobName): Schedule | null {
  const { every, cron } = jobSpec(name);
  return every || cron ? { every, cron } : null;
}

/** The rank as a number, small ones first. */
export const rankOf = (name: JobName): number => ({ first: 0, usual: 1, last: 2 })[jobSpec(name).rank ?? "usual"];
