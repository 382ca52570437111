import { z } from "zod";
import { ByteReader } from "./byte-reader.ts";
import { BackupError } from "./errors.ts";

const table = z.object({
  schema: z.string().min(1),
  name: z.string().min(1),
  columns: z.array(z.object({ name: z.string().min(1), type: z.string().min(1) })),
});
/** A table and its columns in the order of the values, generated ones left out. Types as format_type() writes them. */
export type TableShape = z.infer<typeof table>;

const head = z.object({
  /** The platform's migrations that the data is of, oldest first. */
  migrations: z.array(z.string().regex(/^\d{14}$/)),
  takenAt: z.iso.datetime(),
  server: z.string(),
});
export type BackupHead = z.infer<typeof head>;

const object = z.object({ bucket: z.string(), name: z.string(), contentType: z.string().nullable(), cacheControl: z.string().nullable() });
export type StoredObject = z.infer<typeof object>;

const objectEnd = z.object({ bytes: z.number().int(), sha256: z.string() });

const end = z.object({
  tables: z.array(z.object({ schema: z.string(), name: z.string(), rows: z.number().int(), sha256: z.string() })),
  /** Last values of sequences by qualified name. */
  sequences: z.record(z.string(), z.string()),
  objects: z.object({ count: z.number().int(), bytes: z.number().int(), sha256: z.string(), missing: z.number().int() }),
  /** Ids of the encryption keys that sealed secrets name, with how many they sealed. Never a key. */
  sealedWith: z.record(z.string(), z.number().int()),
  /** For each key id of ENCRYPTION_KEY at the time: a hash that tells whether another installation has the same key. */
  encryptionKeys: z.record(z.string(), z.string()),
});
/** The manifest: what a whole backup holds. */
export type BackupManifest = z.infer<typeof end>;

/** What a backup is a sequence of: a head, each table with its rows, the objects after the rows that name them, and the manifest. */
export type BackupRecord =
  | { kind: "head"; value: BackupHead }
  | { kind: "table"; value: TableShape }
  /** A JSON array of rows; a row is an array of its values as Postgres writes them, or null. */
  | { kind: "rows"; value: Buffer }
  | { kind: "object"; value: StoredObject }
  | { kind: "bytes"; value: Buffer }
  | { kind: "objectEnd"; value: z.infer<typeof objectEnd> }
  /** Whoever dumps the database knows only this part of the manifest. */
  | { kind: "facts"; value: Pick<BackupManifest, "sequences" | "sealedWith"> }
  | { kind: "end"; value: BackupManifest };

const KINDS = ["head", "table", "rows", "object", "bytes", "objectEnd", "facts", "end"] as const;
const SCHEMAS = { head, table, object, objectEnd, facts: end.pick({ sequences: true, sealedWith: true }), end };
const MAX_RECORD_BYTES = 256 * 1024 * 1024;

/** A record on the wire: its kind in a byte, the length of what follows in four (big-endian), then JSON, or bytes for rows and bytes. */
export function encodeRecord(record: BackupRecord): Buffer {
  const body = Buffer.isBuffer(record.value) ? record.value : Buffer.from(JSON.stringify(record.value));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(KINDS.indexOf(record.kind), 0);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/**
 * Records from their bytes.
 * @throws BackupError damaged for bytes that are none, truncated where the stream ends inside of one
 */
export async function* decodeRecords(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<BackupRecord> {
  const reader = new ByteReader(bytes);
  try {
    for (;;) {
      const prefix = await reader.read(5);
      if (prefix.length === 0) return;
      if (prefix.length < 5) throw new BackupError("truncated", "The backup is cut off inside of a record.");
      const kind = KINDS[prefix.readUInt8(0)];
      const length = prefix.readUInt32BE(1);
      if (!kind || length > MAX_RECORD_BYTES) throw new BackupError("damaged", "The backup holds something that is no record.");
      const body = await reader.read(length);
      if (body.length < length) throw new BackupError("truncated", "The backup is cut off inside of a record.");
      if (kind === "rows" || kind === "bytes") yield { kind, value: body };
      else yield { kind, value: SCHEMAS[kind].parse(JSON.parse(body.toString("utf8"))) } as BackupRecord;
    }
  } finally {
    await reader.close();
  }
}
