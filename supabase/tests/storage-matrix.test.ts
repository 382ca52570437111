import { randomUUID } from "node:crypto";
import { KNOWLEDGE_BUCKET, sourceKey } from "@gpt-agent/core/storage";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestBackend } from "../embedded/test-backend.ts";
import { clientOf, headersOf } from "./http-personas.ts";
import { startTestWorld } from "./test-world.ts";

const ORG_A = "00000000-0000-7000-8000-00000000000a";
const ORG_B = "00000000-0000-7000-8000-00000000000b";
const SECRET = "Confidential price list of A";

let world: TestBackend;
let agentA: string;
let agentB: string;
/** A file of organization A, uploaded by its editor. */
let fileOfA: string;

const bucketOf = async (persona: string) => (await clientOf(world, persona)).storage.from(KNOWLEDGE_BUCKET);
const newKey = (org: "A" | "B") =>
  sourceKey(
    org === "A" ? { orgId: ORG_A, agentId: agentA, sourceId: randomUUID() } : { orgId: ORG_B, agentId: agentB, sourceId: randomUUID() },
  );
const raw = async (principal: string, path: string, init: RequestInit = {}) =>
  fetch(`${world.url}/storage/v1/${path}`, { ...init, headers: { ...(await headersOf(world, principal)), ...init.headers } });
/** A signed link to a file, or null. (storage-js cannot read Supabase Lite's answer, so it is asked directly.) */
async function linkTo(persona: string, key: string): Promise<string | null> {
  const response = await raw(persona, `object/sign/${KNOWLEDGE_BUCKET}/${key}`, {
    method: "POST",
    body: '{"expiresIn":60}',
    headers: { "content-type": "application/json" },
  });
  return response.ok ? world.url + ((await response.json()) as { signedUrl: string }).signedUrl : null;
}
const objects = async () =>
  (await world.db.query<{ name: string }>("select bucket_id || '/' || name as name from storage.objects order by 1")).rows.map(
    (row) => row.name,
  );
const upload = { contentType: "text/plain" };

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  world = await startTestWorld();
  // The world's stored objects have no bytes; these tests upload their own.
  await world.db.exec("delete from storage.objects");
  const { rows } = await world.db.query<{ a: string; b: string }>(
    "select (select id from public.agents where org_id = tests.org('A')) as a, (select id from public.agents where org_id = tests.org('B')) as b",
  );
  [agentA, agentB] = [rows[0]?.a ?? "", rows[0]?.b ?? ""];
  fileOfA = newKey("A");
  const { error } = await (await bucketOf("editor")).upload(fileOfA, Buffer.from(SECRET), upload);
  if (error) throw error;
});
afterAll(async () => {
  vi.restoreAllMocks();
  await world?.close();
});

describe("A6: the people of an organization", () => {
  test("an editor uploads, everybody downloads, lists and signs, an editor removes", async () => {
    const key = newKey("A");
    expect((await (await bucketOf("editor")).upload(key, Buffer.from("hello"), upload)).error).toBeNull();
    const viewer = await bucketOf("viewer");
    expect(await (await viewer.download(key)).data?.text()).toBe("hello");
    expect((await viewer.list(`${ORG_A}/${agentA}`)).data?.length).toBe(2);
    expect(await (await fetch((await linkTo("viewer", key)) ?? "")).text()).toBe("hello");
    expect((await (await bucketOf("editor")).remove([key])).data?.length).toBe(1);
    expect((await viewer.download(key)).error).not.toBeNull();
  });

  test.each(["viewer", "operator"])("T02: a %s neither uploads nor removes", async (persona) => {
    const bucket = await bucketOf(persona);
    expect((await bucket.upload(newKey("A"), Buffer.from("x"), upload)).error).not.toBeNull();
    expect((await bucket.remove([fileOfA])).data ?? []).toEqual([]);
    expect(await objects()).toEqual([`${KNOWLEDGE_BUCKET}/${fileOfA}`]);
  });

  test("nobody replaces or moves a stored file: its source would then say one thing and hold another", async () => {
    const bucket = await bucketOf("owner");
    expect((await bucket.upload(fileOfA, Buffer.from("other"), { ...upload, upsert: true })).error).not.toBeNull();
    expect((await bucket.update(fileOfA, Buffer.from("other"), upload)).error).not.toBeNull();
    expect((await bucket.move(fileOfA, newKey("A"))).error).not.toBeNull();
    expect(await (await bucket.download(fileOfA)).data?.text()).toBe(SECRET);
  });

  test.each([
    ["outside any agent", () => `${ORG_A}/${randomUUID()}`],
    ["an agent that does not exist", () => `${ORG_A}/${randomUUID()}/${randomUUID()}`],
    ["another organization's agent", () => `${ORG_A}/${agentB}/${randomUUID()}`],
    ["deeper than files lie", () => `${ORG_A}/${agentA}/more/${randomUUID()}`],
    ["T50: a person's file name", () => `${ORG_A}/${agentA}/price list.pdf`],
    ["T50: a path that climbs", () => `${ORG_A}/${agentA}/../../${ORG_B}/${agentB}/${randomUUID()}`],
    ["T50: a path that climbs, encoded", () => `${ORG_A}/${agentA}/%2e%2e/${agentB}/${randomUUID()}`],
    ["no folder", () => randomUUID()],
  ])("an editor stores nothing under %s", async (_, key) => {
    const { error } = await (await bucketOf("editor")).upload(key(), Buffer.from("x"), upload);
    expect(error).not.toBeNull();
    expect(await objects()).toEqual([`${KNOWLEDGE_BUCKET}/${fileOfA}`]);
  });
});

describe.each(["owner of B", "removed", "stranger"])("A6 T05 T18: to %s, organization A's files", (persona) => {
  test("cannot be downloaded, seen or signed", async () => {
    const bucket = await bucketOf(persona);
    expect((await bucket.download(fileOfA)).data).toBeNull();
    expect((await bucket.list(`${ORG_A}/${agentA}`)).data ?? []).toEqual([]);
    expect((await bucket.list(ORG_A)).data ?? []).toEqual([]);
    expect((await bucket.list("")).data?.filter((entry) => entry.name === ORG_A) ?? []).toEqual([]);
    expect(await linkTo(persona, fileOfA)).toBeNull();
    const several = await raw(persona, `object/sign/${KNOWLEDGE_BUCKET}`, {
      method: "POST",
      body: JSON.stringify({ expiresIn: 60, paths: [fileOfA] }),
      headers: { "content-type": "application/json" },
    });
    expect(await several.text()).not.toContain("token=");
    expect((await bucket.info(fileOfA)).data).toBeNull();
    expect((await bucket.exists(fileOfA)).data).toBe(false);
  });

  test("cannot be added to, replaced, moved, copied or removed", async () => {
    const bucket = await bucketOf(persona);
    expect((await bucket.upload(newKey("A"), Buffer.from("x"), upload)).error).not.toBeNull();
    expect((await bucket.upload(fileOfA, Buffer.from("x"), { ...upload, upsert: true })).error).not.toBeNull();
    expect((await bucket.update(fileOfA, Buffer.from("x"), upload)).error).not.toBeNull();
    expect((await bucket.move(fileOfA, newKey("B"))).error).not.toBeNull();
    expect((await bucket.copy(fileOfA, newKey("B"))).error).not.toBeNull();
    expect((await bucket.remove([fileOfA])).data ?? []).toEqual([]);
    expect((await raw(persona, `object/upload/sign/${KNOWLEDGE_BUCKET}/${newKey("A")}`, { method: "POST" })).ok).toBe(false);
    expect(await objects()).toEqual([`${KNOWLEDGE_BUCKET}/${fileOfA}`]);
    expect(await (await (await bucketOf("viewer")).download(fileOfA)).data?.text()).toBe(SECRET);
  });
});

describe("A6 T05: without a session", () => {
  test.each([
    `object/${KNOWLEDGE_BUCKET}/`,
    `object/authenticated/${KNOWLEDGE_BUCKET}/`,
    `object/public/${KNOWLEDGE_BUCKET}/`,
    `object/info/${KNOWLEDGE_BUCKET}/`,
    `render/image/public/${KNOWLEDGE_BUCKET}/`,
    `render/image/authenticated/${KNOWLEDGE_BUCKET}/`,
  ])("GET %s… gives nothing away", async (path) => {
    const response = await raw("anon", path + fileOfA);
    expect(response.ok).toBe(false);
    expect(await response.text()).not.toContain(SECRET);
  });

  test("nothing can be listed, signed or stored", async () => {
    const list = await raw("anon", `object/list/${KNOWLEDGE_BUCKET}`, {
      method: "POST",
      body: JSON.stringify({ prefix: `${ORG_A}/${agentA}` }),
      headers: { "content-type": "application/json" },
    });
    expect(list.ok ? await list.json() : []).toEqual([]);
    expect(
      (
        await raw("anon", `object/sign/${KNOWLEDGE_BUCKET}/${fileOfA}`, {
          method: "POST",
          body: '{"expiresIn":60}',
          headers: { "content-type": "application/json" },
        })
      ).ok,
    ).toBe(false);
    expect((await raw("anon", `object/${KNOWLEDGE_BUCKET}/${newKey("A")}`, { method: "POST", body: "x" })).ok).toBe(false);
    expect(await objects()).toEqual([`${KNOWLEDGE_BUCKET}/${fileOfA}`]);
  });

  test("a signed link opens its own file and no other, and only whole", async () => {
    const other = newKey("B");
    const bucketB = await bucketOf("owner of B");
    expect((await bucketB.upload(other, Buffer.from("B's own"), upload)).error).toBeNull();
    const link = (await linkTo("owner of B", other)) ?? "";
    expect(await (await fetch(link)).text()).toBe("B's own");
    const elsewhere = await fetch(link.replace(other, fileOfA));
    expect(elsewhere.ok).toBe(false);
    expect(await elsewhere.text()).not.toContain(SECRET);
    expect((await fetch(link.slice(0, -4))).ok).toBe(false);
    expect((await fetch(link.split("?")[0] ?? "")).ok).toBe(false);
    // The link's token is signed with the same key as sessions are, and must not pass for one.
    const token = new URL(link).searchParams.get("token");
    const asSession = await fetch(`${world.url}/rest/v1/organizations`, {
      headers: { apikey: world.publishableKey, authorization: `Bearer ${token}` },
    });
    expect(asSession.ok ? await asSession.json() : []).toEqual([]);
    await bucketB.remove([other]);
  });
});

test("A6: nobody but the server makes buckets, and none is made by uploading into it", async () => {
  const client = await clientOf(world, "owner of B");
  expect((await client.storage.createBucket("loot", { public: true })).error).not.toBeNull();
  expect((await client.storage.updateBucket(KNOWLEDGE_BUCKET, { public: true })).error).not.toBeNull();
  expect((await client.storage.emptyBucket(KNOWLEDGE_BUCKET)).error).not.toBeNull();
  expect((await client.storage.deleteBucket(KNOWLEDGE_BUCKET)).error).not.toBeNull();
  expect((await client.storage.from("loot").upload("a/b", Buffer.from("x"), upload)).error).not.toBeNull();
  expect((await world.db.query("select id, public from storage.buckets")).rows).toEqual([{ id: KNOWLEDGE_BUCKET, public: false }]);
  expect(await objects()).toEqual([`${KNOWLEDGE_BUCKET}/${fileOfA}`]);
});

test("H15: a file over 50 MiB is refused", async () => {
  const response = await raw("editor", `object/${KNOWLEDGE_BUCKET}/${newKey("A")}`, {
    method: "POST",
    body: Buffer.alloc(50 * 1024 * 1024 + 1),
    headers: { "content-type": "text/plain" },
  });
  expect(response.ok).toBe(false);
  expect(await objects()).toEqual([`${KNOWLEDGE_BUCKET}/${fileOfA}`]);
});
