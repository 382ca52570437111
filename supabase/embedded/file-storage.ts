import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream as WebReadableStream } from "node:stream/web";
import type { App } from "@supabase/lite";

type Adapter = NonNullable<App["_storageAdapter"]>;

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";

/**
 * Bytes of stored objects on the local disk, one file each, named by a hash so that no key can leave the folder.
 * Supabase Lite passes a version to some calls and none to others for the same object, so versions play no part here: an
 * object is its bucket and key, as in Supabase Lite's own file adapter.
 */
export class FileStorage implements Adapter {
  readonly driver = null;
  constructor(private readonly folder: string) {}

  /** An object's path: keys are people's text, so only their hash reaches the file system. */
  private path(bucket: string, key: string): string {
    const name = createHash("sha256")
      .update(JSON.stringify([bucket, key]))
      .digest("hex");
    return join(this.folder, name.slice(0, 2), name);
  }

  async uploadObject(bucket: string, key: string, _version: string | undefined, body: unknown, contentType: string, cacheControl: string) {
    const path = this.path(bucket, key);
    await mkdir(dirname(path), { recursive: true });
    // Written beside and renamed, so that a kill leaves either no object or a whole one.
    const partial = `${path}.${randomUUID()}.partial`;
    try {
      const stream = body instanceof Uint8Array ? body : Readable.fromWeb(body as WebReadableStream);
      await writeFile(partial, stream);
      await writeFile(`${path}.json`, JSON.stringify({ contentType, cacheControl }));
      await rename(partial, path);
    } finally {
      await rm(partial, { force: true });
    }
    return this.headObject(bucket, key);
  }

  async headObject(bucket: string, key: string, _version?: string) {
    const path = this.path(bucket, key);
    const info = await stat(path);
    const meta = JSON.parse(await readFile(`${path}.json`, "utf8")) as { contentType: string; cacheControl: string };
    return {
      cacheControl: meta.cacheControl,
      contentLength: info.size,
      eTag: `"${info.size.toString(16)}-${info.mtimeMs.toString(16)}"`,
      lastModified: info.mtime,
      mimetype: meta.contentType,
      size: info.size,
      httpStatusCode: 200,
    };
  }

  /** The object; one whose bytes are gone has no body, which Supabase Lite answers with 404. */
  async getObject(bucket: string, key: string, _version: string | undefined) {
    try {
      const metadata = await this.headObject(bucket, key);
      const body = Readable.toWeb(createReadStream(this.path(bucket, key)));
      return { metadata, httpStatusCode: 200, body: body as never };
    } catch (error) {
      if (!isMissing(error)) throw error;
      return { metadata: {} as never, httpStatusCode: 404, body: undefined as never };
    }
  }

  async deleteObject(bucket: string, key: string, _version?: string) {
    const path = this.path(bucket, key);
    await rm(path, { force: true });
    await rm(`${path}.json`, { force: true });
  }

  async deleteObjects(bucket: string, keys: string[]) {
    for (const key of keys) await this.deleteObject(bucket, key);
  }

  async copyObject(
    fromBucket: string,
    from: string,
    _fromVersion: string | undefined,
    toBucket: string,
    to: string,
    _toVersion: string | undefined,
  ) {
    const source = this.path(fromBucket, from);
    const target = this.path(toBucket, to);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, target);
    await copyFile(`${source}.json`, `${target}.json`);
    const { eTag, lastModified } = await this.headObject(toBucket, to);
    return { httpStatusCode: 200, eTag, lastModified };
  }

  async privateAssetUrl(): Promise<string> {
    throw new Error("Stored files have no URL of their own; download them through the storage API");
  }
}
