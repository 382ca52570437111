import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WordPace } from "./word-pace.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function listener(pace: WordPace) {
  const heard: string[] = [];
  return { heard, words: pace.gather((texts: string[]) => heard.push(texts.join("")) < 0) };
}

describe("the words of an answer", () => {
  it("go out at once when they come first or after a silence, and together when they come close together", () => {
    const { heard, words } = listener(new WordPace());
    for (const text of ["a", "b", "c"]) words.add(text);
    expect(heard).toEqual(["a"]);
    vi.advanceTimersByTime(20);
    expect(heard).toEqual(["a", "bc"]);
    vi.advanceTimersByTime(1_000);
    words.add("d");
    expect(heard).toEqual(["a", "bc", "d"]);
  });

  it("are all there at the end, which nothing follows", () => {
    const { heard, words } = listener(new WordPace());
    words.add("a");
    words.add("b");
    words.end();
    vi.advanceTimersByTime(1_000);
    expect(heard).toEqual(["a", "b"]);
  });

  it("wait longer among many answers, never more than a fifth of a second, and as before once those have ended", () => {
    const pace = new WordPace();
    const others = Array.from({ length: 1_000 }, () => listener(pace));
    const { heard, words } = listener(pace);
    words.add("a");
    for (const text of ["b", "c", "d"]) {
      vi.advanceTimersByTime(95);
      words.add(text);
    }
    expect(heard).toEqual(["a"]);
    vi.advanceTimersByTime(20);
    expect(heard).toEqual(["a", "bcd"]);
    for (const other of others) other.words.end();
    vi.advanceTimersByTime(20);
    words.add("e");
    expect(heard).toEqual(["a", "bcd", "e"]);
  });

  it("of many answers go out each in their own time, not all at once", () => {
    const pace = new WordPace();
    const all = Array.from({ length: 200 }, () => listener(pace));
    for (const { words } of all) {
      words.add("a");
      words.add("b");
      vi.advanceTimersByTime(1);
    }
    const wrote = () => all.filter(({ heard }) => heard.length === 2).length;
    let before = wrote();
    expect(before).toBeLessThan(10);
    for (let ms = 0; ms < 200; ms += 20) {
      vi.advanceTimersByTime(20);
      expect(wrote() - before).toBeLessThanOrEqual(30);
      before = wrote();
    }
    expect(before).toBe(200);
  });

  it("that come just after others wait as long as any, so that more of them go out together", () => {
    const pace = new WordPace();
    const others = Array.from({ length: 200 }, () => listener(pace));
    const { heard, words } = listener(pace);
    for (let n = 0; n <= 30; n++) {
      words.add(`${n % 10}`);
      vi.advanceTimersByTime(99);
    }
    expect(heard.slice(0, 4)).toEqual(["0", "123", "456", "789"]);
    for (const other of others) other.words.end();
  });

  it("that are kept back, as the next ones decide them, are no later than others", () => {
    const pace = new WordPace();
    const others = Array.from({ length: 200 }, () => listener(pace));
    const heard: string[] = [];
    const words = pace.gather((texts: string[]) => heard.push(texts.join("")) > 0 && texts.at(-1)!.endsWith("."));
    words.add("our");
    vi.advanceTimersByTime(100);
    words.add(" new");
    vi.advanceTimersByTime(190);
    words.add(" shop.");
    vi.advanceTimersByTime(20);
    expect(heard).toEqual(["our", " new shop."]);
    // The full stop waits since 20 ms ago, so the next word has 180 ms left of the 200.
    words.add("example");
    vi.advanceTimersByTime(170);
    expect(heard).toEqual(["our", " new shop."]);
    words.add(" sells");
    vi.advanceTimersByTime(20);
    expect(heard).toEqual(["our", " new shop.", "example sells"]);
    vi.advanceTimersByTime(1_000);
    words.add(" tea.");
    vi.advanceTimersByTime(1_000);
    words.add(" And");
    expect(heard).toEqual(["our", " new shop.", "example sells", " tea.", " And"]);
    for (const other of others) other.words.end();
  });

  it("of many answers share one timer", () => {
    const pace = new WordPace();
    const all = Array.from({ length: 50 }, () => listener(pace));
    for (const { words } of all) for (const text of ["a", "b"]) words.add(text);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(50);
    expect(all.every(({ heard }) => heard.join() === "a,b")).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
