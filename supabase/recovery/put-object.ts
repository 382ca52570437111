import type { StoredObject } from "@gpt-agent/core/backup/records";
import type { Db } from "@gpt-agent/core/db";

/** Puts objects into storage past its policies, each over one of its name. */
export const objectPutter =
  (db: Db) =>
  async ({ bucket, name, contentType, cacheControl }: StoredObject, bytes: Buffer): Promise<void> => {
    const { error } = await db.storage.from(bucket).upload(name, bytes, {
      upsert: true,
      contentType: contentType ?? "application/octet-stream",
      cacheControl: /max-age=(\d+)/.exec(cacheControl ?? "")?.[1] ?? "3600",
    });
    if (error) throw new Error(`The file ${bucket}/${name} could not be put into storage: ${error.message}`, { cause: error });
  };
