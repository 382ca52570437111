import { z } from "zod";
import type { Db } from "./db.ts";

const count = z.number().nonnegative();

/** What the SQL function platform_figures counts over the whole platform. Sizes are bytes, ages seconds, money micro-dollars. */
export const platformFigures = z.object({
  database: z.object({ bytes: count, connections: count, maxConnections: count }),
  queue: z.array(
    z.object({
      name: z.string(),
      waiting: count,
      later: count,
      inFlight: count,
      oldestSeconds: z.number(),
      inFlightSeconds: z.number(),
      dead: count,
      paused: z.boolean(),
    }),
  ),
  workersAlive: count,
  /** When the last backup that succeeded ended. */
  lastBackup: z.string().nullable(),
  webhooks: z.object({ enabled: count, failing: count, disabled: count, pending: count, overdue: count }),
  connections: z.array(z.object({ crm: z.string(), status: z.string(), count })),
  business: z.object({
    organizations: count,
    agents: count,
    users: count,
    usersActiveDay: count,
    sources: count,
    unreadSources: count,
    passages: count,
    knowledgeBytes: count,
    visitorsActiveHour: count,
    organizationsActiveHour: count,
    conversationsActiveHour: count,
    conversationsToday: count,
    answersToday: count,
    unansweredToday: count,
    tokensToday: count,
    costMicrosToday: count,
  }),
});
export type PlatformFigures = z.infer<typeof platformFigures>;

/** The age in seconds of the oldest due job that waits though it is not paused. */
export const outboxLag = ({ queue }: Pick<PlatformFigures, "queue">): number =>
  Math.max(0, ...queue.flatMap(({ paused, waiting, oldestSeconds }) => (paused || waiting === 0 ? [] : [oldestSeconds])));

/** Counts. `db` is the server's own. @throws when the database is out of reach */
export async function readPlatformFigures(db: Db, signal: AbortSignal): Promise<PlatformFigures> {
  const { data, error } = await db.rpc("platform_figures").abortSignal(signal);
  if (error) throw error;
  return platformFigures.parse(data);
}
