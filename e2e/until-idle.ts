import { setTimeout as sleep } from "node:timers/promises";
import { keysOf } from "./account.ts";
import type { Platform } from "./platform.ts";

/** The first start reads the demo shop's handbook and makes its vectors in the background; on a busy machine for minutes. */
const LONGEST_MS = 240_000;

/** Asks the database past the portal until what it answers will do. */
async function until<Row>({ backendUrl, dataFolder }: Platform, path: string, enough: (rows: Row[]) => boolean, complaint: string) {
  const { SUPABASE_SECRET_KEY: apikey } = keysOf(dataFolder);
  for (let waited = 0; waited < LONGEST_MS; waited += 200) {
    const response = await fetch(`${backendUrl}/rest/v1/${path}`, { headers: { apikey } });
    if (enough((await response.json()) as Row[])) return;
    await sleep(200);
  }
  throw new Error(complaint);
}

/** Waits until the demo shop's handbook is read and can be asked about. Throws after four minutes. */
export const untilDemoIsRead = (platform: Platform): Promise<void> =>
  until<{ status: string }>(
    platform,
    "sources?select=status",
    (sources) => sources.length > 0 && sources.every(({ status }) => status === "ready"),
    "The demo's documents were not read",
  );

/** Waits until the worker has ended all that it was given, so that a measurement is of what it names. Throws after four minutes. */
export async function untilIdle(platform: Platform): Promise<void> {
  await untilDemoIsRead(platform);
  const now = encodeURIComponent(new Date(Date.now() + 1_000).toISOString());
  await until(
    platform,
    `outbox?select=id&ended_at=is.null&available_at=lte.${now}&limit=1`,
    (jobs) => jobs.length === 0,
    "The worker did not come to rest",
  );
}
