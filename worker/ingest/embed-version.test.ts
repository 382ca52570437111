import { type Embedder, EmbedError } from "@gpt-agent/core/llm/embed";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { embedVersion } from "./embed-version.ts";
import { must, rows, startKnowledge, type TestKnowledge } from "./test-knowledge.ts";

vi.setConfig({ testTimeout: 60_000 });
let knowledge: TestKnowledge;
beforeAll(async () => {
  knowledge = await startKnowledge();
}, 60_000);
afterAll(() => knowledge?.close());

const signal = new AbortController().signal;
/** Vectors of three numbers made from the text, so that the same text always has the same. */
const vectorOf = (text: string) => [text.length, text.charCodeAt(0), 1];
function embedder(overrides: Partial<Embedder> = {}): Embedder & { texts: string[] } {
  const texts: string[] = [];
  return {
    model: "tiny",
    texts,
    async embed(batch) {
      texts.push(...batch);
      return batch.map(vectorOf);
    },
    ...overrides,
  };
}

async function published(sections: number) {
  const id = await knowledge.add("Прайс", Array.from({ length: sections }, (_, i) => `# Раздел ${i}\n\nТекст номер ${i}.`).join("\n\n"));
  await must(knowledge.db.from("sources").update({ title: "Прайс.md" }).eq("id", id));
  await knowledge.read(id);
  return (await knowledge.chunks(id))[0]!.source_version_id;
}
const stored = (model: string, version: string) =>
  rows(
    knowledge.db
      .from("embeddings")
      .select("chunk_id, dims, embedding, chunks!inner(body, source_version_id)")
      .eq("model", model)
      .eq("chunks.source_version_id", version),
  );

test("every chunk gets one vector, whose text says what the passage is about; twice = once", async () => {
  const version = await published(40);
  const first = embedder();
  await embedVersion(version, { ...knowledge, embedder: first }, signal);
  expect(first.texts).toHaveLength(40);
  expect(first.texts[3]).toBe("Прайс.md\nРаздел 3\nТекст номер 3.");
  expect(await stored("tiny", version)).toHaveLength(40);
  expect(await must(knowledge.db.from("source_versions").select("embedded_with").eq("id", version).single())).toEqual({
    embedded_with: "tiny",
  });
  const second = embedder();
  await embedVersion(version, { ...knowledge, embedder: second }, signal);
  expect(second.texts).toEqual([]);
  const found = await rows(
    knowledge.db.rpc("search_chunks", {
      org: knowledge.orgId,
      agent: knowledge.agentId,
      question: "ничего похожего",
      question_embedding: JSON.stringify(vectorOf(first.texts[3]!)),
      embedding_model: "tiny",
    }),
  );
  expect(found[0]!.body).toMatch(/^Текст номер \d\.$/);
});

test("cut off in the middle, it goes on where it stopped", async () => {
  const version = await published(40);
  let calls = 0;
  const failing = embedder({
    async embed(texts) {
      if (++calls > 1) throw new EmbedError("busy", { retryable: true });
      return texts.map(vectorOf);
    },
  });
  await expect(embedVersion(version, { ...knowledge, embedder: failing }, signal)).rejects.toThrow("busy");
  expect(await stored("tiny", version)).toHaveLength(32);
  const rest = embedder();
  await embedVersion(version, { ...knowledge, embedder: rest }, signal);
  expect(rest.texts).toHaveLength(8);
});

test("vectors of two models live side by side, each of its own length", async () => {
  const version = await published(2);
  await embedVersion(version, { ...knowledge, embedder: embedder() }, signal);
  await embedVersion(
    version,
    { ...knowledge, embedder: embedder({ model: "wide", embed: async (texts) => texts.map(() => [1, 2, 3, 4, 5]) }) },
    signal,
  );
  expect((await stored("tiny", version)).map(({ dims }) => dims)).toEqual([3, 3]);
  expect((await stored("wide", version)).map(({ dims }) => dims)).toEqual([5, 5]);
});

test("a refusal is final; no embedder and a reading that is gone are no errors", async () => {
  const version = await published(1);
  const refused = embedder({ embed: () => Promise.reject(new EmbedError("bad key", { retryable: false })) });
  await expect(embedVersion(version, { ...knowledge, embedder: refused }, signal)).rejects.toMatchObject({ name: "PermanentFailure" });
  await embedVersion(version, { ...knowledge, embedder: null }, signal);
  await embedVersion(crypto.randomUUID(), { ...knowledge, embedder: embedder() }, signal);
});
