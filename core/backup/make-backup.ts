import { createHash, hkdfSync } from "node:crypto";
import { Readable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import type { Db } from "../db.ts";
import { Tally } from "./dump-database.ts";
import { BackupError } from "./errors.ts";
import { type BackupHead, type BackupManifest, type BackupRecord, decodeRecords, encodeRecord, type StoredObject } from "./records.ts";
import { openFile, sealFile } from "./sealed-file.ts";

/** Bytes of stored objects; null for one that is gone. */
export type ObjectSource = (object: Pick<StoredObject, "bucket" | "name">) => Promise<AsyncIterable<Uint8Array> | null>;

/** The objects of the platform's storage, past its policies. */
export const storedObjects =
  (db: Db): ObjectSource =>
  async ({ bucket, name }) => {
    const { data, error } = await db.storage.from(bucket).download(name).asStream();
    if (data) return Readable.fromWeb(data as never);
    const status = Number((error as { status?: number; statusCode?: string }).status ?? 0);
    if (status === 404 || status === 400 || /not.?found/i.test(error.message)) return null;
    throw new Error(`The object ${bucket}/${name} could not be read from storage`, { cause: error });
  };

/** Tells whether another installation has the same encryption keys, and nothing of them. */
export const encryptionKeyPrints = (keys: readonly { id: string; key: Buffer }[]): Record<string, string> =>
  Object.fromEntries(
    keys.map(({ id, key }) => [id, Buffer.from(hkdfSync("sha256", key, "", "gpt-agent encryption key print v1", 8)).toString("hex")]),
  );

/** A piece of an object at most; the storage gives what it likes. */
const PIECE_BYTES = 256 * 1024;

async function* objectRecords(object: StoredObject, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<BackupRecord> {
  yield { kind: "object", value: object };
  const hash = createHash("sha256");
  let size = 0;
  for await (const part of bytes) {
    for (let at = 0; at < part.length; at += PIECE_BYTES) {
      const value = Buffer.from(part.subarray(at, at + PIECE_BYTES));
      hash.update(value);
      size += value.length;
      yield { kind: "bytes", value };
    }
  }
  yield { kind: "objectEnd", value: { bytes: size, sha256: hash.digest("hex") } };
}

/** The objects that rows of storage.objects name. */
function objectsIn(columns: string[], rows: Buffer): StoredObject[] {
  const at = (name: string) => columns.indexOf(name);
  return (JSON.parse(rows.toString("utf8")) as (string | null)[][]).map((row) => {
    const metadata = JSON.parse(row[at("metadata")] ?? "null") as { mimetype?: string; cacheControl?: string } | null;
    return {
      bucket: row[at("bucket_id")] ?? "",
      name: row[at("name")] ?? "",
      contentType: metadata?.mimetype ?? null,
      cacheControl: metadata?.cacheControl ?? null,
    };
  });
}

export type BackupSummary = { tables: number; rows: number; objects: number; missing: number; manifest: BackupManifest };

/**
 * A whole backup as the bytes of its file: what the database tells, each object after the row that names it, the manifest; compressed,
 * then encrypted. Holds a few hundred kilobytes at a time.
 * @param records what dumpDatabase tells, here or in another process
 * @param done told once the last record is in
 */
export function backupBytes(
  records: AsyncIterable<BackupRecord>,
  {
    objects,
    key,
    encryptionKeys,
    createdAt,
  }: { objects: ObjectSource; key: Buffer; encryptionKeys: Record<string, string>; createdAt: Date },
  done: (summary: BackupSummary) => void,
): AsyncIterable<Buffer> {
  async function* plain(): AsyncGenerator<Buffer> {
    const tally = new Tally();
    let shape: string[] | null = null;
    let manifest: BackupManifest | null = null;
    for await (const record of records) {
      if (record.kind === "facts") {
        const { sequences, sealedWith } = record.value;
        manifest = { tables: tally.tables, objects: tally.objects, sequences, sealedWith, encryptionKeys };
        continue;
      }
      if (record.kind === "table") {
        const isObjects = record.value.schema === "storage" && record.value.name === "objects";
        shape = isObjects ? record.value.columns.map(({ name }) => name) : null;
      }
      tally.note(record);
      yield encodeRecord(record);
      if (record.kind !== "rows" || !shape) continue;
      for (const object of objectsIn(shape, record.value)) {
        const bytes = await objects(object);
        // Deleted since the snapshot: its source is gone too, or will be.
        if (!bytes) tally.miss();
        else
          for await (const part of objectRecords(object, bytes)) {
            tally.note(part);
            yield encodeRecord(part);
          }
      }
    }
    if (!manifest) throw new Error("The database's data broke off before its end");
    yield encodeRecord({ kind: "end", value: manifest });
    done({
      tables: manifest.tables.length,
      rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
      objects: manifest.objects.count,
      missing: manifest.objects.missing,
      manifest,
    });
  }
  return sealFile(piped(plain(), createGzip({ level: 3 })), key, createdAt);
}

/** A stream through a transform of Node's, with errors of both sides and an early end passed on. */
async function* piped(
  source: AsyncIterable<Buffer>,
  transform: NodeJS.ReadWriteStream & { destroy(error?: Error): unknown },
): AsyncGenerator<Buffer> {
  const input = Readable.from(source, { objectMode: false });
  input.on("error", (error) => transform.destroy(error));
  input.pipe(transform);
  try {
    for await (const part of transform) yield part as Buffer;
  } finally {
    input.destroy();
    transform.destroy();
  }
}

/**
 * What a backup holds, record by record, checked as it goes by: each byte is authentic, and the end comes only when everything is there and
 * adds up to the manifest.
 * @throws BackupError not_a_backup, newer, wrong_key, damaged or truncated
 */
export async function* readBackup(file: AsyncIterable<Uint8Array>, keys: readonly Buffer[]): AsyncGenerator<BackupRecord> {
  const tally = new Tally();
  let head: BackupHead | null = null;
  let end: BackupManifest | null = null;
  try {
    for await (const record of decodeRecords(piped(openFile(file, keys), createGunzip()))) {
      if (end || (record.kind === "head") !== (head === null))
        throw new BackupError("damaged", "The backup's parts are in the wrong order.");
      if (record.kind === "head") head = record.value;
      else if (record.kind === "end") end = record.value;
      tally.note(record);
      if (record.kind === "end") checkManifest(record.value, tally);
      yield record;
    }
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError("damaged", `The backup is damaged: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (!end) throw new BackupError("truncated", "The backup is cut off: its manifest is missing.");
}

function checkManifest(manifest: BackupManifest, tally: Tally): void {
  const { missing: _, ...objects } = manifest.objects;
  const { missing: __, ...seen } = tally.objects;
  if (JSON.stringify(manifest.tables) !== JSON.stringify(tally.tables) || JSON.stringify(objects) !== JSON.stringify(seen))
    throw new BackupError("damaged", "The backup does not add up to its own manifest.");
}

/**
 * Reads a backup from end to end and says what is in it. Changes nothing.
 * @throws BackupError as readBackup does
 */
export async function checkBackup(
  file: AsyncIterable<Uint8Array>,
  keys: readonly Buffer[],
): Promise<{ head: BackupHead; manifest: BackupManifest }> {
  let head: BackupHead | null = null;
  let manifest: BackupManifest | null = null;
  for await (const record of readBackup(file, keys)) {
    if (record.kind === "head") head = record.value;
    if (record.kind === "end") manifest = record.value;
  }
  if (!head || !manifest) throw new BackupError("damaged", "The backup is empty.");
  return { head, manifest };
}
