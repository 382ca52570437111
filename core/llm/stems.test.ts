import { describe, expect, test } from "vitest";
import { heapKeptBy } from "../test-heap.ts";
import { measuresOf, stem, stems } from "./stems.ts";

describe("stems", () => {
  test("are of the word's own language; ё is е, and a number is itself", () => {
    expect(stem("deliveries")).toBe(stem("Delivery"));
    expect(stem("доставками")).toBe(stem("Доставка"));
    expect(stem("ещё")).toBe(stem("еще"));
    expect(stem("2026s")).toBe("2026s");
  });

  test("of a text are distinct, in order, without what says nothing", () => {
    expect([...stems("The teas and the tea-cups, please")]).toEqual([...stems("tea"), ...stems("cup")]);
  });

  test("stay the same however many other words come between", () => {
    const before = stem("warranties");
    for (let i = 0; i < 25_000; i++) stem(`filler${i}q`);
    expect(stem("warranties")).toBe(before);
  });

  test("have other words for what is measured, in their own language", () => {
    expect(measuresOf("How much does it weigh, and how wide is it?")).toEqual(["weight", "heavy", "width"]);
    expect(measuresOf("Она тяжёлая?")).toContain("вес");
    expect(measuresOf("How long is the delivery, and what does it cost?")).toEqual([]);
  });

  test("do not hold the texts that their words came from", () => {
    const text = (i: number) => `${"and of the ".repeat(10_000)} unmistakableword${i}x ${"and of the ".repeat(10)}`;
    for (let i = 0; i < 20; i++) stems(text(i));
    const kept = heapKeptBy(() => {
      for (let i = 20; i < 120; i++) stems(text(i));
    });
    // The texts are 11 MB.
    expect(kept).toBeLessThan(4_000_000);
  });
});
