import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileStorage } from "./file-storage.ts";

let parent: string;
let storage: FileStorage;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "gpt-agent-files-"));
  await writeFile(join(parent, "secret"), "not yours");
  storage = new FileStorage(join(parent, "objects"));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const put = (bucket: string, key: string, text: string) =>
  storage.uploadObject(bucket, key, undefined, Buffer.from(text), "text/plain", "no-cache");
const get = async (bucket: string, key: string, version?: string) => {
  const { body } = await storage.getObject(bucket, key, version);
  return body ? await new Response(body as ReadableStream).text() : null;
};
/** Every file below the test's folder, relative to it. */
const files = async () =>
  (await readdir(parent, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(parent.length + 1));

const HOSTILE = [
  "../secret",
  "../../secret",
  "..\\secret",
  "..",
  ".",
  "",
  "/secret",
  "//secret",
  "/etc/passwd",
  "C:\\secret",
  "\\\\host\\share",
  "%2e%2e/secret",
  "..%2fsecret",
  "....//secret",
  "..;/secret",
  "a/../../secret",
  "a\0/../secret",
  "secret\0.txt",
  "~/secret",
  "$HOME/secret",
  "`id`",
  "$(id)",
  "; rm -rf /",
  "| cat",
  "CON",
  "NUL.txt",
  "aux",
  "name\r\nX: y",
  "\u202etxt.exe",
  "\u2025/secret",
  "\uff0e\uff0e/secret",
  "е\u0301",
  "é",
  "e\u0301",
  "😀",
  "x".repeat(5000),
  ".hidden",
  "-rf",
  "*",
  "?",
  "a:b",
  "file://secret",
  "__proto__",
  "constructor",
];

test.each(HOSTILE.map((key) => [JSON.stringify(key).slice(0, 60), key]))(
  "T50: the key %s stays inside, and is its own object",
  async (_, key) => {
    await put("knowledge", key, `bytes of ${key}`);
    await put(key, "knowledge", "as a bucket");
    expect(await get("knowledge", key)).toBe(`bytes of ${key}`);
    expect(await get(key, "knowledge")).toBe("as a bucket");
    expect((await files()).filter((file) => !/^(secret|objects\/[0-9a-f]{2}\/[0-9a-f]{64}(\.json)?)$/.test(file))).toEqual([]);
    await storage.deleteObject("knowledge", key);
    await storage.deleteObjects(key, ["knowledge"]);
    expect(await files()).toEqual(["secret"]);
    expect(await readFile(join(parent, "secret"), "utf8")).toBe("not yours");
  },
);

test("all those keys together are as many objects, the same letters in other normal forms too", async () => {
  for (const key of HOSTILE) await put("knowledge", key, key);
  for (const key of HOSTILE) expect(await get("knowledge", key)).toBe(key);
  expect((await files()).length).toBe(1 + 2 * HOSTILE.length);
});

test("an object is found whatever version Supabase Lite names", async () => {
  await put("b", "k", "1");
  expect(await get("b", "k", "some-version")).toBe("1");
  await put("b", "k", "22");
  expect(await get("b", "k")).toBe("22");
  expect((await storage.headObject("b", "k")).size).toBe(2);
});

test("one that is not there has no body and may be removed again", async () => {
  expect(await get("b", "never")).toBeNull();
  await storage.deleteObject("b", "never");
});

test("a copy is an object of its own", async () => {
  await put("b", "k", "1");
  await storage.copyObject("b", "k", undefined, "c", "l", "v");
  await storage.deleteObject("b", "k");
  expect(await get("c", "l")).toBe("1");
});

test("an upload that breaks off leaves nothing", async () => {
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(1000));
    },
    pull() {
      throw new Error("connection lost");
    },
  });
  await expect(storage.uploadObject("b", "k", undefined, broken, "text/plain", "no-cache")).rejects.toThrow();
  expect(await get("b", "k")).toBeNull();
  expect(await files()).toEqual(["secret"]);
});
