import { describe, expect, it } from "vitest";
import { countTokens, loadTokenizer } from "./tokens.ts";

const RU = "Доставка по России занимает от трёх до семи дней и стоит 350 рублей. ";
const EN = "All bottles come with a ten-year warranty. The warranty covers leaks and broken lids. ";
const random = (length: number, wordLength: number, seed = 1) => {
  let state = seed;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state;
  };
  return Array.from({ length }, (_, at) => (at % wordLength === wordLength - 1 ? " " : String.fromCharCode(97 + (next() % 26)))).join("");
};
const cpuMs = (work: () => void) => {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1_000;
};

describe("tokens", () => {
  it("are estimated on the high side until the vocabulary is loaded, and counted from then on", async () => {
    const estimated = [RU, EN].map(countTokens);
    await loadTokenizer();
    const counted = [RU, EN].map(countTokens);
    expect(counted).toEqual([20, 18]);
    for (const [at, tokens] of counted.entries()) expect(estimated[at]).toBeGreaterThan(tokens);
  });

  it.each([
    ["nothing", "", 0],
    ["what looks like a special token", "<|endoftext|>", 7],
    ["half a surrogate pair", "\ud800", 1],
  ])("counts %s", async (_, text, tokens) => {
    await loadTokenizer();
    expect(countTokens(text)).toBe(tokens);
  });

  it("cost little: a prompt of 30 KB a few milliseconds, counted again nothing", async () => {
    await loadTokenizer();
    const passages = Array.from({ length: 20 }, (_, n) => `${n} ${n % 2 ? RU.repeat(12) : EN.repeat(16)}`);
    for (const text of passages) countTokens(`warm ${text}`);
    const count = () => passages.forEach(countTokens);
    expect(cpuMs(count)).toBeLessThan(60);
    expect(cpuMs(count)).toBeLessThan(5);
  });

  it.each([
    ["one letter for ever", "a".repeat(100_000)],
    ["random letters without a space", random(100_000, Number.MAX_SAFE_INTEGER)],
    ["random long words", random(8_000, 40)],
    ["spaces", " ".repeat(100_000)],
    ["emoji", "🙂".repeat(50_000)],
    ["zalgo", "Z\u0300\u0301\u0302".repeat(25_000)],
  ])("of hostile text are counted in time: %s", async (_, text) => {
    await loadTokenizer();
    let tokens = 0;
    expect(cpuMs(() => (tokens = countTokens(text)))).toBeLessThan(250);
    expect(tokens).toBeGreaterThan(0);
  });
});
