import { randomUUID } from "node:crypto";
import { serviceDb } from "@gpt-agent/core/db";
import { bestSentences } from "@gpt-agent/core/llm/best-sentences";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestBackend, type TestBackend } from "../../../supabase/embedded/test-backend.ts";
import { retrieve, searchTextOf } from "./retrieve.ts";

it("searches for a question, with the words that documents have where they answer it", () => {
  expect(searchTextOf("Do you deliver to Serbia?")).toBe("Do you deliver to Serbia?");
  expect(searchTextOf("How heavy is the Kid?")).toMatch(/^How heavy is the Kid\? .*weight/);
  expect(searchTextOf("Where are you?")).toMatch(/^Where are you\? address .* адрес/);
});

describe("a question and answer whose question no word says what to search for", () => {
  let backend: TestBackend;
  let own: { orgId: string; agentId: string };
  let other: { orgId: string; agentId: string };

  async function agentWith(answers: Record<string, string>) {
    const one = async (sql: string, ...values: unknown[]) => (await backend.db.query<{ id: string }>(sql, values)).rows[0]!.id;
    const orgId = await one("insert into organizations (name, slug) values ('O', $1) returning id", `o-${randomUUID()}`);
    const agentId = await one("insert into agents (org_id, name) values ($1, 'A') returning id", orgId);
    for (const [question, answer] of Object.entries(answers)) {
      const source = await one(
        "insert into sources (org_id, agent_id, kind, title, status) values ($1, $2, 'qa', $3, 'ready') returning id",
        orgId,
        agentId,
        question,
      );
      const version = await one(
        "insert into source_versions (org_id, source_id, content_hash) values ($1, $2, 'h') returning id",
        orgId,
        source,
      );
      await backend.db.query("update sources set current_version_id = $1 where id = $2", [version, source]);
      const body = `${question}\n\n${answer}`;
      const chunks = [
        { position: 0, headingPath: [], page: null, charStart: 0, charEnd: body.length, body, contentHash: "c", language: "ru" },
      ];
      await backend.db.query("select add_chunks($1, $2)", [version, JSON.stringify(chunks)]);
    }
    return { orgId, agentId };
  }

  beforeAll(async () => {
    backend = await startTestBackend();
    own = await agentWith({
      "Кто ты?": "Я помощник мастерской Тарн.",
      "А кто ещё?": "Ещё есть Пётр.",
      "What can you do?": "I find answers. I can call Peter.",
      "Delivery to Serbia?": "It takes three days.",
    });
    other = await agentWith({ "Who are they?": "A secret of the neighbours." });
  });
  afterAll(() => backend?.close());

  const db = () => serviceDb({ url: backend.url, publishableKey: backend.publishableKey, secretKey: backend.secretKey });
  const found = async (text: string, question?: string) =>
    retrieve(db(), { ...own, text, limit: 8, ...(question ? { question } : {}) }, new AbortController().signal);

  it.each([
    ["Кто ты?", ["Я помощник мастерской Тарн."]],
    ["  кто ты", ["Я помощник мастерской Тарн."]],
    ["А кто еще", ["Ещё есть Пётр."]],
    ["what can YOU do", ["I find answers.", "I can call Peter."]],
  ])("is found by %j, and quoted", async (question, answer) => {
    const passages = await found(question);
    expect(passages[0]).toMatchObject({ index: 1, score: 1 });
    expect(bestSentences(question, passages).map(({ text }) => text)).toEqual(answer);
  });

  it("comes before what was found for the questions before", async () => {
    const passages = await found("Кто ты? Delivery to Serbia", "Кто ты?");
    expect(passages.map(({ title }) => title)).toEqual(["Кто ты?", "Delivery to Serbia?"]);
    expect(bestSentences("Кто ты?", passages, "Delivery to Serbia").map(({ text }) => text)).toEqual(["Я помощник мастерской Тарн."]);
  });

  it("is not another question, however alike, nor one of many wildcards", async () => {
    for (const question of ["Кто?", "Кто ты и кто я?", "%", "the ".repeat(900)]) expect(await found(question)).toEqual([]);
  });

  it("T08: is never another agent's", async () => {
    expect(await found("Who are they?")).toEqual([]);
    expect(await retrieve(db(), { ...other, text: "Who are they?", limit: 8 }, new AbortController().signal)).toHaveLength(1);
    const mixed = { orgId: own.orgId, agentId: other.agentId, text: "Who are they?", limit: 8 };
    expect(await retrieve(db(), mixed, new AbortController().signal)).toEqual([]);
  });
});
