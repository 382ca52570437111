import { z } from "zod";

/**
 * Every job there is: the name, the payload's schema (ids only: job data is plaintext), how often it is tried, and the
 * first delay of the exponential back-off in milliseconds. A job may run twice and must have the effect of once.
 */
export const JOBS = {
  /** Reads an uploaded source: extract, chunk, index. */
  "source.read": { payload: z.strictObject({ sourceId: z.uuid() }), attempts: 4, backoff: 2_000 },
  /** Makes the embeddings of a published reading, where an embedder is configured. */
  "source.embed": { payload: z.strictObject({ versionId: z.uuid() }), attempts: 8, backoff: 5_000 },
  /** Removes the stored object of a deleted source. */
  "source.forget": { payload: z.strictObject({ objectKey: z.string().max(300) }), attempts: 10, backoff: 10_000 },
  /** Makes one attempt to tell an endpoint of an event; the next one is another job. */
  "webhook.deliver": { payload: z.strictObject({ deliveryId: z.uuid() }), attempts: 5, backoff: 2_000 },
} as const;

export type JobName = keyof typeof JOBS;
export type JobPayload<N extends JobName> = z.infer<(typeof JOBS)[N]["payload"]>;
export const isJobName = (name: string): name is JobName => Object.hasOwn(JOBS, name);
