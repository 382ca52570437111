import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { indexSource } from "./index-source.ts";
import { HANDBOOK, handbookDocx, handbookPdf, handbookText, type Lang } from "./test-documents.ts";
import { must, rows, startKnowledge, type TestKnowledge } from "./test-knowledge.ts";

vi.setConfig({ testTimeout: 60_000 });
let knowledge: TestKnowledge;
beforeAll(async () => {
  knowledge = await startKnowledge();
}, 60_000);
afterAll(() => knowledge?.close());

const turn = (signal = new AbortController().signal) => ({ attempt: 1, lastAttempt: false, signal });
const deps = () => ({ db: knowledge.db, log: knowledge.log });
const bytesOf = async (lang: Lang, format: string) =>
  format === "pdf" ? handbookPdf(lang) : format === "docx" ? handbookDocx(lang) : Buffer.from(handbookText(lang, format as "md"));

describe.each(["en", "ru"] as const)("the handbook in %s", (lang) => {
  test.each(["pdf", "docx", "md", "txt", "html", "csv"])("as %s is read, found and kept with exact positions", async (format) => {
    const id = await knowledge.add(`handbook.${format}`, await bytesOf(lang, format));
    const source = await knowledge.read(id);
    expect(source).toMatchObject({ status: "ready", failure_code: null });
    expect(source!.progress_done).toBe(source!.progress_total);
    const chunks = await knowledge.chunks(id);
    expect(chunks.length).toBe(source!.progress_total);
    for (const fact of HANDBOOK[lang].facts) expect(chunks.map(({ body }) => body).join("\n")).toContain(fact);
    expect(new Set(chunks.map(({ language }) => language))).toEqual(new Set([lang]));
    const version = await must(knowledge.db.from("source_versions").select("*").eq("source_id", id).single());
    expect(version).toMatchObject({ language: lang, chunk_count: chunks.length, page_count: format === "pdf" ? 2 : null });
    if (!["txt", "csv"].includes(format)) {
      const delivery = chunks.find(({ body }) => body.includes(HANDBOOK[lang].facts[1]!))!;
      expect(delivery.heading_path).toEqual([HANDBOOK[lang].parts[0]!.heading, HANDBOOK[lang].parts[2]!.heading]);
      expect(delivery.page).toBe(format === "pdf" ? 2 : null);
    }
    const found = await knowledge.search(lang === "ru" ? "сколько действует гарантия?" : "how long is the warranty?");
    expect(found.find(({ source_id }) => source_id === id)?.body).toContain(HANDBOOK[lang].facts[0]);
  });
});

describe("a job that runs more than once", () => {
  test("G4: twice in a row and twice at a time: one reading, no chunk twice, one embedding job", async () => {
    const id = await knowledge.add("twice.md", handbookText("ru", "md"));
    await Promise.all([indexSource(id, deps(), turn()), indexSource(id, deps(), turn())]);
    await indexSource(id, deps(), turn());
    const all = await rows(knowledge.db.from("chunks").select("position, source_version_id").eq("source_id", id));
    const current = await knowledge.chunks(id);
    expect(current).toHaveLength(3);
    expect(all).toHaveLength(3);
    const jobs = (await knowledge.jobs("source.embed")).filter(({ payload }) =>
      JSON.stringify(payload).includes(current[0]!.source_version_id),
    );
    expect(jobs).toHaveLength(1);
    expect(await knowledge.source(id)).toMatchObject({ status: "ready" });
  });

  test("cut off in the middle, it goes on and ends complete", async () => {
    const text = Array.from({ length: 60 }, (_, i) => `# Пункт ${i}\n\nОтвет номер ${i}.`).join("\n\n");
    const id = await knowledge.add("cut.md", text);
    const gone = new AbortController();
    const run = indexSource(id, deps(), turn(gone.signal));
    await vi.waitFor(async () => expect((await knowledge.source(id))!.progress_done).toBeGreaterThan(0), { interval: 2, timeout: 20_000 });
    gone.abort(new Error("killed"));
    await run.catch(() => {});
    await indexSource(id, deps(), turn());
    const chunks = await knowledge.chunks(id);
    expect(chunks.map(({ position }) => position)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(await must(knowledge.db.from("chunks").select("id").eq("source_id", id))).toHaveLength(60);
  });

  test("read again, the new reading replaces the old one, which stays searchable until then", async () => {
    const id = await knowledge.add("again.txt", "Пароль от сейфа хранит директор.");
    await knowledge.read(id);
    const first = await knowledge.chunks(id);
    await must(knowledge.db.rpc("reread_source", { org: knowledge.orgId, source: id }));
    expect(await knowledge.source(id)).toMatchObject({ status: "queued" });
    expect((await knowledge.search("кто хранит пароль от сейфа"))[0]).toMatchObject({ source_id: id });
    await knowledge.read(id);
    const second = await knowledge.chunks(id);
    expect(second.map(({ body }) => body)).toEqual(first.map(({ body }) => body));
    expect(second[0]!.source_version_id).not.toBe(first[0]!.source_version_id);
    expect(await must(knowledge.db.from("chunks").select("id").eq("source_id", id))).toHaveLength(first.length);
    expect(await must(knowledge.db.from("source_versions").select("id").eq("source_id", id))).toHaveLength(1);
  });
});

describe("what goes wrong around a file", () => {
  test("a source deleted before or during its reading is no error and leaves nothing", async () => {
    const before = await knowledge.add("gone.txt", "Текст.");
    await must(knowledge.db.from("sources").delete().eq("id", before));
    await indexSource(before, deps(), turn());

    const during = await knowledge.add("going.txt", "Текст.");
    const read: typeof import("./read-file.ts").readFileInChild = async (...args) => {
      const { readFileInChild } = await import("./read-file.ts");
      const result = await readFileInChild(...args);
      await must(knowledge.db.from("sources").delete().eq("id", during));
      return result;
    };
    await indexSource(during, { ...deps(), read }, turn());
    expect(await must(knowledge.db.from("chunks").select("id").eq("source_id", during))).toEqual([]);
  });

  test("a file that is missing in storage fails with a reason, after another look", async () => {
    const id = await knowledge.add("lost.txt", "Текст.");
    await knowledge.db.storage.from("knowledge").remove([(await knowledge.source(id))!.object_key!]);
    await expect(indexSource(id, deps(), turn())).rejects.toThrow("not in storage yet");
    expect(await knowledge.source(id)).toMatchObject({ status: "reading" });
    await expect(indexSource(id, deps(), { ...turn(), attempt: 2 })).rejects.toMatchObject({ name: "PermanentFailure" });
    expect(await knowledge.source(id)).toMatchObject({ status: "failed", failure_code: "missing_file" });
  });

  test("an unexpected error asks for another try; only the last one fails the source", async () => {
    const id = await knowledge.add("unlucky.txt", "Текст.");
    const read = () => Promise.reject(new Error("no more processes"));
    await expect(indexSource(id, { ...deps(), read }, turn())).rejects.toThrow("no more processes");
    expect(await knowledge.source(id)).toMatchObject({ status: "reading", failure_code: null });
    await expect(indexSource(id, { ...deps(), read }, { ...turn(), lastAttempt: true })).rejects.toThrow("no more processes");
    expect(await knowledge.source(id)).toMatchObject({ status: "failed", failure_code: "unexpected" });
  });
});
