import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { append, flat } from "./flat-text.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of heap that something made many times takes, each. */
function bytesOf(make: (n: number) => string, times: number): number {
  const kept: string[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < times; n++) kept.push(make(n));
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / kept.length;
  kept.length = 0;
  return bytes;
}

describe("a text in one piece", () => {
  test("is the same text", () => {
    expect(flat("")).toBe("");
    expect(flat("a".concat("бв", "👩‍👩‍👧"))).toBe("aбв👩‍👩‍👧");
    let grown = "";
    for (let i = 0; i < 500; i++) grown = append(grown, `${i} `);
    expect(grown).toBe(Array.from({ length: 500 }, (_, i) => `${i} `).join(""));
  });

  test("takes little more memory than its characters, also once the compiler has seen to it", () => {
    const event = (n: number) => JSON.stringify({ type: "text-delta", id: "text-1", delta: `word${n} and one more ${n}` });
    const tree = bytesOf(event, 20_000);
    for (let n = 0; n < 200_000; n++) flat(event(n));
    const whole = bytesOf((n) => flat(event(n)), 20_000);
    expect(whole).toBeLessThan(tree * 0.75);
    expect(whole).toBeLessThan(event(20_000).length + 60);
  });

  test("grows by words without keeping them", () => {
    const words = Array.from({ length: 400 }, (_, n) => `word${n} `);
    const grown = (join: (text: string, word: string) => string) => (n: number) =>
      words.reduce((text, word) => join(text, word + (n % 10)), "");
    const tree = bytesOf(
      grown((text, word) => text + word),
      200,
    );
    expect(bytesOf(grown(append), 200)).toBeLessThan(tree / 3);
  });
});
