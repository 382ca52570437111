import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { agentSettings } from "@gpt-agent/core/agent-settings";
import { type Db, serviceDb } from "@gpt-agent/core/db";
import { createLog } from "@gpt-agent/core/log";
import { getObject } from "@gpt-agent/core/storage";
import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startTestBackend, type TestBackend } from "../test-backend.ts";
import { seedDemo } from "./seed.ts";

const log = createLog("error");
const knowledgeFolder = fileURLToPath(new URL("knowledge", import.meta.url));

describe("the demo", () => {
  let backend: TestBackend;
  let db: Db;
  let ownerId: string;

  beforeAll(async () => {
    backend = await startTestBackend();
    db = serviceDb(backend);
    const visitor = createClient(backend.url, backend.publishableKey, { auth: { persistSession: false } });
    const { data } = await visitor.auth.signUp({ email: "owner@tarn.example", password: "a long password" });
    ownerId = data.user!.id;
  });
  afterAll(() => backend.close());
  beforeEach(async () => {
    const { error } = await db.from("organizations").delete().neq("slug", "");
    expect(error).toBeNull();
    await db.from("outbox").delete().neq("name", "");
  });

  const all = async () => ({
    organizations: (await db.from("organizations").select("id, slug")).data!,
    memberships: (await db.from("memberships").select("user_id, role")).data!,
    agents: (await db.from("agents").select("id, public_id, published_version_id")).data!,
    versions: (await db.from("agent_versions").select("settings")).data!,
    sources: (await db.from("sources").select("id, title, object_key, content_hash, byte_size, status").order("id")).data!,
    jobs: (await db.from("outbox").select("name, payload").order("id")).data!,
  });

  test("fills an empty database: an owned organization, a published agent, six queued documents", async () => {
    expect(await seedDemo({ db, ownerId, knowledgeFolder, log })).toBe(true);
    const made = await all();
    expect(made.organizations).toMatchObject([{ slug: "demo" }]);
    expect(made.memberships).toEqual([{ user_id: ownerId, role: "owner" }]);
    expect(made.agents).toMatchObject([{ public_id: "demo", published_version_id: expect.any(String) }]);
    expect(made.sources.map((source) => source.status)).toEqual(Array(6).fill("queued"));
    expect(made.jobs.map((job) => job.name)).toEqual(Array(6).fill("source.read"));
    expect(new Set(made.jobs.map((job) => (job.payload as { sourceId: string }).sourceId))).toEqual(
      new Set(made.sources.map((source) => source.id)),
    );
    for (const source of made.sources) {
      const bytes = await getObject(db, source.object_key!);
      expect(bytes?.length).toBe(source.byte_size);
      expect(createHash("sha256").update(bytes!).digest("hex")).toBe(source.content_hash);
    }
  });

  test("greets in both languages, with a picture and questions to start from", async () => {
    await seedDemo({ db, ownerId, knowledgeFolder, log });
    const settings = agentSettings.parse((await all()).versions[0]!.settings);
    expect(settings.avatar).toMatch(/^data:image\/png;base64,/);
    expect(settings.texts.en.greeting).toMatch(/^Hello/);
    expect(settings.texts.ru.greeting).toMatch(/^Здравствуйте/);
    expect(settings.texts.en.prompts).toHaveLength(4);
    expect(settings.texts.ru.prompts).toHaveLength(4);
  });

  test("twice is once", async () => {
    await seedDemo({ db, ownerId, knowledgeFolder, log });
    const once = await all();
    expect(await seedDemo({ db, ownerId, knowledgeFolder, log })).toBe(false);
    expect(await all()).toEqual(once);
  });

  test("completes what a killed start left half made", async () => {
    await seedDemo({ db, ownerId, knowledgeFolder, log });
    const whole = await all();
    // As if killed after three documents, one of them stored but not yet recorded.
    await db.from("agents").update({ published_version_id: null }).eq("public_id", "demo");
    await db.from("agent_versions").delete().neq("number", 0);
    for (const source of whole.sources.slice(0, 3)) await db.from("sources").delete().eq("id", source.id);
    await db.from("outbox").delete().neq("name", "");
    expect(await seedDemo({ db, ownerId, knowledgeFolder, log })).toBe(true);
    const again = await all();
    expect(again.sources).toEqual(whole.sources);
    expect(again.agents).toMatchObject([{ public_id: "demo", published_version_id: expect.any(String) }]);
    expect(again.jobs).toHaveLength(3);
  });

  test("leaves alone a database that someone already uses, and a demo agent that its owner deleted", async () => {
    await seedDemo({ db, ownerId, knowledgeFolder, log });
    await db.from("agents").delete().eq("public_id", "demo");
    expect(await seedDemo({ db, ownerId, knowledgeFolder, log })).toBe(false);
    expect((await all()).agents).toEqual([]);
    await db.from("organizations").update({ slug: "ours" }).eq("slug", "demo");
    expect(await seedDemo({ db, ownerId, knowledgeFolder, log })).toBe(false);
    expect((await all()).organizations).toHaveLength(1);
  });
});

describe("the handbook", () => {
  const text = (name: string) => readFile(new URL(`source/${name}`, import.meta.url), "utf8");
  const markdown = (name: string) => readFile(new URL(`knowledge/${name}`, import.meta.url), "utf8");

  /** Every price and every figure with a unit, written the English way, in order of size. */
  const figures = (content: string) =>
    [
      ...new Set(
        content
          .replace(/(\d)[, {2}](?=\d{3}\b)/g, "$1")
          .replace(/(\d),(\d)/g, "$1.$2")
          .match(/\d+(?:\.\d+)?/g),
      ),
    ].sort((a, b) => Number(a) - Number(b));

  test("says the same in English and Russian: the same figures appear in both", async () => {
    expect(figures(await markdown("delivery-and-returns.en.md"))).toEqual(expect.arrayContaining(["4", "14", "290", "6000"]));
    expect(figures(await markdown("delivery-and-returns.ru.md"))).toEqual(figures(await markdown("delivery-and-returns.en.md")));
    expect(figures(await text("product-handbook.ru.md"))).toEqual(figures(await text("product-handbook.en.md")));
    expect(figures(await text("owners-guide.ru.md"))).toEqual(figures(await text("owners-guide.en.md")));
  });
});
