import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrowingText, TextBytes } from "./growing-text.ts";
import { heapKeptBy } from "./test-heap.ts";

const grown = (pieces: string[]) => {
  const text = new GrowingText();
  for (const piece of pieces) text.append(piece);
  return text;
};

describe("a growing text", () => {
  test("is the pieces that it was given, wherever it was cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 3_000 }), fc.array(fc.nat(40), { minLength: 1, maxLength: 50 }), (whole, cuts) => {
        const pieces: string[] = [];
        // Also through the middle of characters that are two code units.
        for (let at = 0, n = 0; at < whole.length; n++) {
          const end = at + (cuts[n % cuts.length] ?? 0) + 1;
          pieces.push(whole.slice(at, end));
          at = end;
        }
        const text = grown(pieces);
        expect(text.toString()).toBe(whole);
        expect(text.length).toBe(whole.length);
      }),
    );
  });

  test("keeps its length when half a character comes alone, and can be read before the other half comes", () => {
    const much = "много ".repeat(200);
    const alone = grown([`${much}\ud83d`, much]);
    expect(alone.toString()).toBe(`${much}\ufffd${much}`);
    expect(alone.length).toBe(alone.toString().length);
    const text = grown([`${much}\ud83d`]);
    expect(text.toString()).toBe(`${much}\ud83d`);
    text.append("\ude00!");
    expect(text.toString()).toBe(`${much}😀!`);
  });

  test("takes nothing of V8's heap for what it holds", () => {
    const held = (make: (n: number) => unknown) => heapKeptBy(() => Array.from({ length: 200 }, (_, n) => make(n))) / 200;
    const words = Array.from({ length: 2_000 }, (_, n) => `word${n} `);
    const string = held((n) => words.reduce((text, word) => text + word + (n % 10), ""));
    const growing = held((n) => grown(words.map((word) => word + (n % 10))));
    expect(string).toBeGreaterThan(words.join("").length);
    expect(growing).toBeLessThan(1_000);
  });
});

describe("texts one after the other", () => {
  test("are read by their places, also when no more come", () => {
    const bytes = new TextBytes();
    const places: [number, number][] = [];
    const texts = Array.from({ length: 500 }, (_, n) => `текст ${n} "\n" 👩‍👩‍👧`);
    for (const text of texts) {
      const start = bytes.length;
      bytes.append(text);
      places.push([start, bytes.length]);
    }
    expect(places.map(([start, end]) => bytes.slice(start, end))).toEqual(texts);
    bytes.trim();
    bytes.append("more");
    expect(places.map(([start, end]) => bytes.slice(start, end))).toEqual(texts);
    expect(bytes.slice(bytes.length - 4, bytes.length)).toBe("more");
  });
});
