import { BackupError } from "./errors.ts";
import { type BackupRecord, decodeRecords } from "./records.ts";

/** Where the embedded backend tells everything it holds (supabase/embedded/snapshot.ts). */
export const EMBEDDED_DUMP_PATH = "/backup/v1/dump";

/**
 * What the embedded backend's database holds, told by the process that owns it.
 * @throws BackupError unconfigured where the address is not an embedded backend's, busy while it tells somebody else
 */
export async function* embeddedDump(
  { url, secretKey }: { url: string; secretKey: string },
  signal?: AbortSignal,
): AsyncGenerator<BackupRecord> {
  const response = await fetch(new URL(EMBEDDED_DUMP_PATH, url), { method: "POST", headers: { apikey: secretKey }, signal });
  if (response.status === 409) throw new BackupError("busy", "Another backup is being made.");
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new BackupError(
      "unconfigured",
      "Backups of a Supabase or Postgres need DATABASE_URL, the address of its Postgres (docs/RECOVERY.md).",
    );
  }
  yield* decodeRecords(response.body as unknown as AsyncIterable<Uint8Array>);
}
