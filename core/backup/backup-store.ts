import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BackupError } from "./errors.ts";
import { type S3Config, S3Store } from "./s3-store.ts";

/** Where backups are kept. */
export type BackupStore = {
  /** What people read: a folder, or a bucket's address. */
  readonly place: string;
  /** Writes a file whole or not at all. Returns its bytes. */
  put(name: string, bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<number>;
  /** A file's bytes. @throws BackupError not_a_backup when there is none */
  get(name: string): AsyncIterable<Uint8Array>;
  list(): Promise<{ name: string; bytes: number }[]>;
  remove(name: string): Promise<void>;
};

/** Backups in a folder: a disk of its own, or one that is mounted. */
export class FolderStore implements BackupStore {
  readonly place: string;
  constructor(folder: string) {
    this.place = resolve(folder);
  }

  async put(name: string, bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<number> {
    await mkdir(this.place, { recursive: true, mode: 0o700 });
    const partial = join(this.place, `${basename(name)}.partial`);
    let size = 0;
    try {
      const file = await open(partial, "w", 0o600);
      try {
        for await (const part of bytes) {
          signal?.throwIfAborted();
          await file.writeFile(part);
          size += part.length;
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, join(this.place, basename(name)));
      return size;
    } finally {
      await rm(partial, { force: true });
    }
  }

  async *get(name: string): AsyncGenerator<Uint8Array> {
    const path = join(this.place, basename(name));
    if (!(await stat(path).catch(() => null))?.isFile()) throw new BackupError("not_a_backup", `There is no file ${path}.`);
    yield* createReadStream(path, { highWaterMark: 1024 * 1024 });
  }

  async list() {
    const names = await readdir(this.place).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    const files = await Promise.all(names.map(async (name) => ({ name, info: await stat(join(this.place, name)).catch(() => null) })));
    return files.flatMap(({ name, info }) => (info?.isFile() ? [{ name, bytes: info.size }] : []));
  }

  async remove(name: string) {
    await rm(join(this.place, basename(name)), { force: true });
  }
}

export type StoreConfig = {
  BACKUP_TARGET: string;
  BACKUP_S3_ENDPOINT?: string;
  BACKUP_S3_REGION: string;
  BACKUP_S3_ACCESS_KEY_ID?: string;
  BACKUP_S3_SECRET_ACCESS_KEY?: string;
};

/**
 * The store that BACKUP_TARGET names: a folder (a path or file://…), or s3://bucket/prefix.
 * @throws BackupError unconfigured when a bucket comes without its keys
 */
export function backupStore(config: StoreConfig): BackupStore {
  const target = config.BACKUP_TARGET;
  const [, bucket, prefix = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/?$/.exec(target) ?? [];
  if (!bucket) {
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(target) && !target.startsWith("file://"))
      throw new BackupError("unconfigured", `BACKUP_TARGET is ${target}: give a folder, or s3://bucket/prefix.`);
    return new FolderStore(target.startsWith("file://") ? fileURLToPath(target) : target);
  }
  const { BACKUP_S3_ACCESS_KEY_ID: accessKeyId, BACKUP_S3_SECRET_ACCESS_KEY: secretAccessKey, BACKUP_S3_REGION: region } = config;
  if (!accessKeyId || !secretAccessKey)
    throw new BackupError("unconfigured", "BACKUP_TARGET is a bucket: set BACKUP_S3_ACCESS_KEY_ID and BACKUP_S3_SECRET_ACCESS_KEY too.");
  const endpoint = config.BACKUP_S3_ENDPOINT ?? `https://s3.${region}.amazonaws.com`;
  return new S3Store({ endpoint, region, bucket, prefix, accessKeyId, secretAccessKey } satisfies S3Config);
}
