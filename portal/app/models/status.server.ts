import type { Db } from "@gpt-agent/core/db";
import { platformFigures } from "@gpt-agent/core/platform-figures";
import { z } from "zod";
import { unwrap } from "~/models/result.server";

const status = platformFigures.extend({
  at: z.string(),
  postgres: z.string(),
  startedAt: z.string(),
  migrations: z.object({ count: z.number(), last: z.string().nullable() }).nullable(),
  workers: z.array(
    z.object({
      id: z.string(),
      host: z.string(),
      version: z.string(),
      store: z.string(),
      seenAt: z.string(),
      alive: z.boolean(),
      running: z.number(),
      concurrency: z.number(),
      /** Tries in the queue's store as the worker sees it; null when the store does not answer it. */
      depths: z.object({ waiting: z.number(), active: z.number() }).nullable(),
    }),
  ),
  minutes: z.array(z.object({ at: z.string(), answers: z.number(), failed: z.number(), firstTokenMs: z.number().nullable() })),
});
export type PlatformStatus = z.infer<typeof status>;

/** How the platform stands, as the database has it. `db` is an operator's own. */
export async function platformStatus(db: Db): Promise<PlatformStatus> {
  return status.parse(unwrap(await db.rpc("platform_status")));
}
