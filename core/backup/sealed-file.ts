import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { z } from "zod";
import { ByteReader } from "./byte-reader.ts";
import { BackupError } from "./errors.ts";

/**
 * The envelope of a backup (docs/RECOVERY.md, "The file"): encrypted in chunks, so that it is written and read as a stream, in the STREAM
 * construction of Hoang, Reyhanitabar, Rogaway and Vizár (2015, "Online Authenticated-Encryption and its Nonce-Reuse
 * Misuse-Resistance", section 7): each chunk's nonce is a prefix of the file, the chunk's number, and whether it is the last. So a chunk that was changed, moved,
 * repeated or left out does not open, and neither does a file without its end.
 *
 *   "GAPBACK1" · u32 length of the header · header (JSON) · chunks: u32 length of ciphertext and tag · ciphertext · tag
 *
 * Numbers are big-endian. Every file has a key of its own, derived from BACKUP_KEY and the header's salt; the header is authenticated with
 * every chunk.
 */
const MAGIC = "GAPBACK1";
const TAG_BYTES = 16;
const PREFIX_BYTES = 7;
const CHUNK_BYTES = 256 * 1024;
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;
const MAX_HEADER_BYTES = 64 * 1024;

const header = z.object({
  version: z.literal(1),
  /** Which BACKUP_KEY: a hash of it that tells nothing of it. */
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  salt: z.base64(),
  noncePrefix: z.base64(),
  compression: z.literal("gzip"),
  createdAt: z.iso.datetime(),
});
export type SealedHeader = z.infer<typeof header>;

/** A key's name in headers. */
export const backupKeyId = (key: Buffer) => Buffer.from(hkdfSync("sha256", key, "", "gpt-agent backup key id v1", 8)).toString("hex");

const fileKey = (key: Buffer, salt: Buffer) => Buffer.from(hkdfSync("sha256", key, salt, "gpt-agent backup v1", 32));
const u32 = (n: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n);
  return bytes;
};
function nonceOf(prefix: Buffer, n: number, last: boolean): Buffer {
  // 2^32 chunks of 256 KiB are a petabyte.
  if (n > 0xffff_ffff) throw new RangeError("A backup has too many chunks");
  return Buffer.concat([prefix, u32(n), Buffer.from([last ? 1 : 0])]);
}

/**
 * Encrypts a stream.
 * @param key 32 bytes
 * @param createdAt what the header says about when it was made
 */
export async function* sealFile(plain: AsyncIterable<Uint8Array>, key: Buffer, createdAt: Date): AsyncGenerator<Buffer> {
  const salt = randomBytes(32);
  const prefix = randomBytes(PREFIX_BYTES);
  const text = Buffer.from(
    JSON.stringify({
      version: 1,
      keyId: backupKeyId(key),
      salt: salt.toString("base64"),
      noncePrefix: prefix.toString("base64"),
      compression: "gzip",
      createdAt: createdAt.toISOString(),
    } satisfies SealedHeader),
  );
  const derived = fileKey(key, salt);
  const about = createHash("sha256").update(text).digest();
  yield Buffer.concat([Buffer.from(MAGIC), u32(text.length), text]);
  const reader = new ByteReader(plain);
  try {
    let chunk = await reader.read(CHUNK_BYTES);
    for (let n = 0; ; n++) {
      const next = chunk.length < CHUNK_BYTES ? Buffer.alloc(0) : await reader.read(CHUNK_BYTES);
      const last = next.length === 0;
      const cipher = createCipheriv("aes-256-gcm", derived, nonceOf(prefix, n, last), { authTagLength: TAG_BYTES });
      cipher.setAAD(about);
      const sealed = Buffer.concat([cipher.update(chunk), cipher.final()]);
      yield Buffer.concat([u32(sealed.length + TAG_BYTES), sealed, cipher.getAuthTag()]);
      if (last) return;
      chunk = next;
    }
  } finally {
    await reader.close();
  }
}

/**
 * What a sealed file says about itself before anything is decrypted. Not authenticated: openFile is.
 * @throws BackupError not_a_backup, newer or truncated
 */
async function readHeader(reader: ByteReader): Promise<{ text: Buffer; fields: SealedHeader }> {
  const start = await reader.read(MAGIC.length + 4);
  const magic = start.subarray(0, MAGIC.length).toString("latin1");
  if (magic !== MAGIC) {
    if (/^GAPBACK\d$/.test(magic))
      throw new BackupError("newer", "The backup has a format that this version does not know. Update the platform first.");
    throw new BackupError("not_a_backup", "This is not a backup of the GPT Agent Platform.");
  }
  const length = start.length === MAGIC.length + 4 ? start.readUInt32BE(MAGIC.length) : 0;
  if (length === 0 || length > MAX_HEADER_BYTES) throw new BackupError("damaged", "The backup is damaged: its header cannot be read.");
  const text = await reader.read(length);
  if (text.length < length) throw new BackupError("truncated", "The backup is cut off in its header.");
  const parsed = header.safeParse(tryJson(text.toString("utf8")));
  if (!parsed.success) throw new BackupError("damaged", "The backup is damaged: its header cannot be read.");
  return { text, fields: parsed.data };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Decrypts a stream that sealFile made; each piece is authentic when it comes, and the end only comes when nothing is missing.
 * @param keys the first that fits the header's key id is taken
 * @throws BackupError not_a_backup, newer, wrong_key, damaged or truncated
 */
export async function* openFile(sealed: AsyncIterable<Uint8Array>, keys: readonly Buffer[]): AsyncGenerator<Buffer> {
  const reader = new ByteReader(sealed);
  try {
    const { text, fields } = await readHeader(reader);
    const key = keys.find((one) => backupKeyId(one) === fields.keyId);
    if (!key)
      throw new BackupError(
        "wrong_key",
        `The backup was sealed with another BACKUP_KEY (${fields.keyId}; here: ${keys.map(backupKeyId).join(", ") || "none"}). Nothing was read or changed.`,
      );
    const derived = fileKey(key, Buffer.from(fields.salt, "base64"));
    const prefix = Buffer.from(fields.noncePrefix, "base64");
    if (prefix.length !== PREFIX_BYTES) throw new BackupError("damaged", "The backup is damaged: its header cannot be read.");
    const about = createHash("sha256").update(text).digest();
    let size = await reader.read(4);
    for (let n = 0; ; n++) {
      if (size.length < 4) throw new BackupError("truncated", "The backup is cut off: its end is missing.");
      const length = size.readUInt32BE(0);
      if (length < TAG_BYTES || length > MAX_CHUNK_BYTES) throw damagedAt(n);
      const chunk = await reader.read(length);
      size = await reader.read(4);
      const last = size.length === 0;
      const plain = openChunk(chunk, { derived, about, nonce: nonceOf(prefix, n, last) });
      if (!plain) {
        // An authentic chunk that is not the last, at the end of the file: the rest was cut off.
        const isCut = chunk.length < length || (last && openChunk(chunk, { derived, about, nonce: nonceOf(prefix, n, false) }));
        throw isCut ? new BackupError("truncated", "The backup is cut off: its end is missing.") : damagedAt(n);
      }
      yield plain;
      if (last) return;
    }
  } finally {
    await reader.close();
  }
}

const damagedAt = (n: number) =>
  new BackupError("damaged", `The backup is damaged: chunk ${n} was changed, moved or left out. Take another copy or an earlier backup.`);

function openChunk(chunk: Buffer, { derived, about, nonce }: { derived: Buffer; about: Buffer; nonce: Buffer }): Buffer | null {
  if (chunk.length < TAG_BYTES) return null;
  const decipher = createDecipheriv("aes-256-gcm", derived, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(about);
  decipher.setAuthTag(chunk.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(chunk.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}
