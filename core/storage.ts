import type { Db } from "./db.ts";
import { AppError } from "./errors.ts";

/** The private bucket of knowledge files. */
export const KNOWLEDGE_BUCKET = "knowledge";

/** A source's object key, made of ids alone: nothing that a person typed reaches a path. */
export const sourceKey = (ids: { orgId: string; agentId: string; sourceId: string }) => `${ids.orgId}/${ids.agentId}/${ids.sourceId}`;

/** Stores an object. Throws AppError("forbidden") when the caller may not, ("unavailable") when storage fails. */
export async function putObject(db: Db, key: string, bytes: Uint8Array, mediaType: string): Promise<void> {
  const { error } = await db.storage.from(KNOWLEDGE_BUCKET).upload(key, Buffer.from(bytes), { contentType: mediaType, upsert: false });
  if (!error) return;
  if (/row-level security|unauthorized/i.test(error.message))
    throw new AppError("forbidden", "You may not add files here.", { cause: error });
  throw new AppError("unavailable", "The file could not be stored. Please try again.", { cause: error, retryAfter: 5 });
}

/** An object's bytes, or null when there is none. */
export async function getObject(db: Db, key: string): Promise<Uint8Array | null> {
  const { data, error } = await db.storage.from(KNOWLEDGE_BUCKET).download(key);
  if (data) return new Uint8Array(await data.arrayBuffer());
  if (/not.?found/i.test(error.message) || (error as { status?: number }).status === 404 || (error as { status?: number }).status === 400)
    return null;
  throw new AppError("unavailable", "The file could not be read from storage.", { cause: error, retryAfter: 5 });
}

/** Removes an object; one that is already gone is fine. */
export async function removeObject(db: Db, key: string): Promise<void> {
  const { error } = await db.storage.from(KNOWLEDGE_BUCKET).remove([key]);
  if (error) throw new AppError("unavailable", "The file could not be removed from storage.", { cause: error, retryAfter: 5 });
}
