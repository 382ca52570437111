import { countTokens, loadTokenizer } from "@gpt-agent/core/llm/tokens";
import { beforeAll, describe, expect, it } from "vitest";
import { contextBudget } from "./context-budget.ts";
import { buildPrompt, fittingPassages, type HistoryTurn } from "./prompt.ts";
import type { Passage } from "./retrieve.ts";

beforeAll(loadTokenizer);

const PARAGRAPH = "Доставка по России занимает от трёх до семи дней и стоит 350 рублей. Возврат возможен в течение 14 дней. ";
const passages = Array.from(
  { length: 8 },
  (_, at): Passage => ({
    index: at + 1,
    chunkId: `c${at}`,
    chunkHash: "h",
    sourceId: "s",
    title: "Условия",
    url: null,
    mediaType: null,
    page: null,
    headings: ["Доставка"],
    text: `${at} ${PARAGRAPH.repeat(10)}`,
    charStart: 0,
    score: 1,
  }),
);
const history = Array.from({ length: 30 }, (_, at): HistoryTurn => ({ author: at % 2 ? "agent" : "visitor", text: PARAGRAPH.repeat(4) }));
const instructions = "Отвечайте вежливо и коротко. ".repeat(40);
const question = "А сколько стоит доставка в Омск?";

function promptFor(contextTokens: number | undefined) {
  const budget = contextBudget(contextTokens, { texts: [instructions, question, null], tools: [] });
  const fitting = fittingPassages(passages, budget.passages);
  const { messages } = buildPrompt({
    agentName: "Помощник",
    instructions,
    question,
    history,
    passages: fitting,
    locale: "ru",
    topics: { only: [], never: [], reply: { en: "", ru: "" } },
    historyTokens: budget.history,
  });
  return { budget, messages, tokens: messages.reduce((sum, { content }) => sum + countTokens(content) + 4, 0), passages: fitting.length };
}

describe("a model's context", () => {
  it.each([4_000, 8_191, 16_000, 128_000])("of %i tokens holds prompt and answer", (context) => {
    const { budget, tokens } = promptFor(context);
    expect(tokens + budget.output).toBeLessThanOrEqual(context);
  });

  it("that is small has fewer passages and turns, one that is large no more than is good", () => {
    const [small, large, largest] = [promptFor(4_000), promptFor(32_000), promptFor(1_000_000)];
    expect(small.passages).toBeLessThan(large.passages);
    expect(small.messages.length).toBeLessThan(large.messages.length);
    expect(largest).toEqual(large);
    expect(largest.budget).toEqual({ passages: 6_000, history: 3_000, output: 2_000 });
    expect(promptFor(undefined).budget).toEqual(largest.budget);
  });

  it("that holds next to nothing still has the first passage and the question", () => {
    const { messages, passages } = promptFor(500);
    expect(passages).toBe(1);
    expect(messages).toHaveLength(2);
  });

  it("counts the tools that a model is told of", () => {
    const tools = [{ name: "get_price", description: PARAGRAPH.repeat(20), parameters: { type: "object" } }];
    const without = contextBudget(6_000, { texts: [], tools: [] });
    expect(contextBudget(6_000, { texts: [], tools }).passages).toBeLessThan(without.passages);
  });
});
