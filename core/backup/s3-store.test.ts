import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { S3Store } from "./s3-store.ts";
import { signS3 } from "./sign-s3.ts";

describe("signatures are those of AWS's own examples", () => {
  const credentials = {
    region: "us-east-1",
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  };
  const empty = createHash("sha256").digest("hex");
  test.each([
    ["an object", "/test.txt", { range: "bytes=0-9" }, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"],
    ["a setting", "/?lifecycle", {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"],
    ["a list", "/?max-keys=2&prefix=J", {}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"],
  ])("%s", (_, path, headers, signature) => {
    const url = new URL(path, "https://examplebucket.s3.amazonaws.com");
    const signed = signS3({ method: "GET", url, headers, bodyHash: empty }, credentials, new Date("2013-05-24T00:00:00Z"));
    expect(signed.authorization).toMatch(new RegExp(`Signature=${signature}$`));
  });
});

/** A bucket in memory that knows the requests of an upload in parts, and refuses what is not signed as it signs itself. */
function fakeBucket(credentials: { region: string; accessKeyId: string; secretAccessKey: string }) {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer[]>();
  let failures = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? "", `http://${request.headers.host}`);
    const time = String(request.headers["x-amz-date"]);
    const date = new Date(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
    const bodyHash = createHash("sha256").update(body).digest("hex");
    const expected = signS3({ method: request.method ?? "", url, bodyHash }, credentials, date).authorization;
    const answer = (status: number, text = "", headers = {}) => response.writeHead(status, headers).end(text);
    if (request.headers.authorization !== expected)
      return answer(403, "<Error><Code>SignatureDoesNotMatch</Code><Message>No</Message></Error>");
    if (failures-- > 0) return answer(503, "<Error><Code>SlowDown</Code></Error>");
    const [, key = ""] = /^\/bucket\/(.+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    const upload = url.searchParams.get("uploadId");
    if (request.method === "POST" && url.searchParams.has("uploads")) {
      uploads.set("u&1", []);
      return answer(200, "<R><UploadId>u&amp;1</UploadId></R>");
    }
    if (request.method === "PUT" && upload) {
      uploads.get(upload)!.push(body);
      return answer(200, "", { etag: `"${bodyHash}"` });
    }
    if (request.method === "POST" && upload) {
      const tags = [...body.toString().matchAll(/<ETag>&quot;(\w+)&quot;<\/ETag>/g)].map(([, tag]) => tag);
      const held = uploads.get(upload)!;
      if (tags.join() !== held.map((part) => createHash("sha256").update(part).digest("hex")).join())
        return answer(400, "<Error><Code>InvalidPart</Code></Error>");
      objects.set(key, Buffer.concat(held));
      uploads.delete(upload);
      return answer(200, "<Done/>");
    }
    if (request.method === "DELETE" && upload) return answer(uploads.delete(upload) ? 204 : 404);
    if (request.method === "DELETE") return answer(objects.delete(key) ? 204 : 404);
    if (url.searchParams.get("list-type") === "2") {
      const from = Number(url.searchParams.get("continuation-token") ?? 0);
      const [name, next] = [...objects.keys()].filter((one) => one.startsWith(url.searchParams.get("prefix") ?? "")).slice(from);
      const item = name === undefined ? "" : `<Contents><Key>${name}</Key><Size>${objects.get(name)!.length}</Size></Contents>`;
      return answer(200, `<L>${item}${next === undefined ? "" : `<NextContinuationToken>${from + 1}</NextContinuationToken>`}</L>`);
    }
    const found = objects.get(key);
    return found ? response.writeHead(200).end(found) : answer(404, "<Error><Code>NoSuchKey</Code></Error>");
  });
  return { server, objects, uploads, fail: (times: number) => (failures = times) };
}

describe("a bucket of backups", () => {
  const credentials = { region: "eu-central-1", accessKeyId: "key", secretAccessKey: "hidden" };
  const bucket = fakeBucket(credentials);
  let server: Server;
  let store: S3Store;
  beforeAll(async () => {
    server = bucket.server.listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    store = new S3Store({ ...credentials, endpoint, bucket: "bucket", prefix: "agents/prod" });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function* stream(bytes: Buffer) {
    for (let at = 0; at < bytes.length; at += 1_000_000) yield bytes.subarray(at, at + 1_000_000);
  }
  const all = async (source: AsyncIterable<Uint8Array>) => {
    const parts: Uint8Array[] = [];
    for await (const part of source) parts.push(part);
    return Buffer.concat(parts);
  };

  test("takes a file in parts, through a busy spell, and gives it back", async () => {
    const bytes = randomBytes(17 * 1024 * 1024);
    bucket.fail(2);
    expect(await store.put("a b.gapbackup", stream(bytes))).toBe(bytes.length);
    expect((await all(store.get("a b.gapbackup"))).equals(bytes)).toBe(true);
    await store.put("c.gapbackup", stream(Buffer.from("c")));
    bucket.objects.set("agents/prod/deeper/x", Buffer.from("x"));
    expect((await store.list()).map(({ name, bytes }) => [name, bytes])).toEqual([
      ["a b.gapbackup", bytes.length],
      ["c.gapbackup", 1],
    ]);
    await store.remove("c.gapbackup");
    await store.remove("c.gapbackup");
    await expect(all(store.get("c.gapbackup"))).rejects.toMatchObject({ code: "not_a_backup" });
  });

  test("an upload that breaks off is taken back", async () => {
    async function* broken() {
      yield Buffer.alloc(10);
      throw new Error("the dump failed");
    }
    await expect(store.put("d.gapbackup", broken())).rejects.toThrow("the dump failed");
    expect([bucket.uploads.size, bucket.objects.has("agents/prod/d.gapbackup")]).toEqual([0, false]);
  });

  test("a wrong key is told in the store's words", async () => {
    const other = new S3Store({
      ...credentials,
      secretAccessKey: "wrong",
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      bucket: "bucket",
      prefix: "",
    });
    await expect(other.list()).rejects.toThrow(/403 SignatureDoesNotMatch/);
  });
});
