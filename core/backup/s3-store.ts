import { createHash } from "node:crypto";
import type { BackupStore } from "./backup-store.ts";
import { ByteReader } from "./byte-reader.ts";
import { BackupError } from "./errors.ts";
import { type S3Credentials, s3Path, signS3 } from "./sign-s3.ts";

export type S3Config = S3Credentials & { endpoint: string; bucket: string; prefix: string };

/** Parts of an upload; ten thousand of them are 160 GB. */
const PART_BYTES = 16 * 1024 * 1024;
const TRIES = 4;
/** A part over a slow line. */
const TIMEOUT_MS = 300_000;

const textIn = (xml: string, tag: string) =>
  [...xml.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, "g"))].map(([, text]) => unescaped(text!));
const unescaped = (text: string) =>
  text.replace(
    /&(amp|lt|gt|quot|apos|#39|#34);/g,
    (_, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", "#39": "'", "#34": '"' })[name] ?? "",
  );
const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Backups in a bucket of any S3-compatible store (AWS, R2, MinIO, Yandex, Selectel …), addressed by path. */
export class S3Store implements BackupStore {
  readonly place: string;
  constructor(private readonly config: S3Config) {
    this.place = `s3://${config.bucket}${config.prefix && `/${config.prefix}`}`;
  }

  /** One request, signed; tried again when the store is away or busy. @throws for any status that is not of success, unless it is allowed */
  async #send(
    method: string,
    { name = "", query = {}, body, allow = [] }: { name?: string; query?: Record<string, string>; body?: Buffer; allow?: number[] },
    signal?: AbortSignal,
  ): Promise<Response> {
    const { endpoint, bucket, prefix } = this.config;
    const url = new URL(endpoint);
    url.pathname = s3Path(url.pathname.replace(/^\/|\/$/g, ""), bucket, name && prefix, name);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    const bodyHash = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    for (let attempt = 1; ; attempt++) {
      const headers = signS3({ method, url, bodyHash }, this.config, new Date());
      const limit = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(url, {
        method,
        headers,
        body: body as Uint8Array<ArrayBuffer> | undefined,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      }).catch((error: unknown) => {
        if (signal?.aborted || attempt >= TRIES) throw new Error(`The bucket ${this.place} is out of reach`, { cause: error });
        return null;
      });
      if (response?.ok || (response && allow.includes(response.status))) return response;
      if (response && ((response.status < 500 && response.status !== 429) || attempt >= TRIES)) {
        const answer = await response.text();
        throw new Error(
          `The bucket ${this.place} answered ${response.status} ${textIn(answer, "Code")[0] ?? ""}: ${textIn(answer, "Message")[0] ?? answer.slice(0, 200)}`,
        );
      }
      await response?.body?.cancel();
      await new Promise((wake) => setTimeout(wake, 250 * 2 ** attempt));
    }
  }

  async put(name: string, bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<number> {
    const started = await (await this.#send("POST", { name, query: { uploads: "" } }, signal)).text();
    const uploadId = textIn(started, "UploadId")[0];
    if (!uploadId) throw new Error(`The bucket ${this.place} did not begin an upload`);
    const reader = new ByteReader(bytes);
    const tags: string[] = [];
    let size = 0;
    try {
      for (let part = await reader.read(PART_BYTES); part.length > 0 || tags.length === 0; part = await reader.read(PART_BYTES)) {
        const query = { partNumber: String(tags.length + 1), uploadId };
        const response = await this.#send("PUT", { name, query, body: part }, signal);
        tags.push(response.headers.get("etag") ?? "");
        size += part.length;
      }
      const list = tags.map((tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`).join("");
      const body = Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`);
      // S3 may answer 200 and say in the body that it failed.
      const ended = await (await this.#send("POST", { name, query: { uploadId }, body }, signal)).text();
      if (/<Error>/.test(ended)) throw new Error(`The bucket ${this.place} could not end the upload: ${textIn(ended, "Message")[0] ?? ""}`);
      return size;
    } catch (error) {
      await reader.close().catch(() => {});
      await this.#send("DELETE", { name, query: { uploadId }, allow: [404] }).catch(() => {});
      throw error;
    }
  }

  async *get(name: string): AsyncGenerator<Uint8Array> {
    const response = await this.#send("GET", { name, allow: [404] });
    if (response.status === 404) throw new BackupError("not_a_backup", `There is no ${name} in ${this.place}.`);
    if (response.body) yield* response.body as unknown as AsyncIterable<Uint8Array>;
  }

  async list() {
    const prefix = this.config.prefix ? `${this.config.prefix}/` : "";
    const found: { name: string; bytes: number }[] = [];
    for (let token: string | undefined; ; ) {
      const query = { "list-type": "2", prefix, ...(token ? { "continuation-token": token } : {}) };
      const xml = await (await this.#send("GET", { query })).text();
      for (const [, item] of xml.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
        const name = (textIn(item!, "Key")[0] ?? "").slice(prefix.length);
        if (name && !name.includes("/")) found.push({ name, bytes: Number(textIn(item!, "Size")[0] ?? 0) });
      }
      token = textIn(xml, "NextContinuationToken")[0];
      if (!token) return found;
    }
  }

  async remove(name: string) {
    await this.#send("DELETE", { name, allow: [404] });
  }
}
