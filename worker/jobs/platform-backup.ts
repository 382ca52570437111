import { BackupError } from "@gpt-agent/core/backup/errors";
import { runBackup } from "@gpt-agent/core/backup/run-backup";
import { PermanentFailure } from "../queue/job-queue.ts";
import type { Handler } from "./index.ts";

/** Makes the daily backup. One that somebody is making now will do. */
export const platformBackup: Handler<"platform.backup"> = async (_payload, { backup, db, log }, { signal }) => {
  if (!backup) return;
  try {
    await runBackup({ ...backup, source: { ...backup.source, db }, isScheduled: true, log, signal });
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    if (error.code === "busy") return log.info("The backup is left out: another one is being made");
    throw new PermanentFailure(error.message, { cause: error });
  }
};
