import { describe, expect, test } from "vitest";
import { VisitMemory, type VisitStorage } from "./visit.ts";

function memory(content: Record<string, string> = {}): VisitStorage & { content: Record<string, string> } {
  return {
    content,
    getItem: (key) => content[key] ?? null,
    setItem: (key, value) => {
      content[key] = value;
    },
    removeItem: (key) => {
      delete content[key];
    },
  };
}

describe("the memory of a visit", () => {
  test("writes nothing until there is something to keep, and keeps agents apart", () => {
    const storage = memory();
    const visit = new VisitMemory("demo", () => storage);
    expect(storage.content).toEqual({});
    visit.set({ token: "abc", conversationId: "c1" });
    expect(new VisitMemory("demo", () => storage).get()).toEqual({ token: "abc", conversationId: "c1", locale: undefined });
    expect(new VisitMemory("other", () => storage).get().token).toBeUndefined();
    visit.set({ conversationId: undefined });
    expect(visit.get().token).toBe("abc");
    visit.clear();
    expect(storage.content).toEqual({});
  });

  test.each(["", "{", "null", "7", "[]", '{"token":7,"conversationId":{},"locale":"xx"}', '{"token":"a b\\n","conversationId":""}'])(
    "reads %j as nothing kept",
    (kept) => {
      expect(new VisitMemory("demo", () => memory({ "gpt-agent:demo": kept })).get()).toEqual({});
    },
  );

  test("takes over what another tab has kept, and does not write over it", () => {
    const storage = memory();
    const [one, two] = [new VisitMemory("demo", () => storage), new VisitMemory("demo", () => storage)];
    one.set({ token: "abc", conversationId: "c1", answerId: "a1" });
    expect(two.get()).toEqual({});
    expect(two.reload()).toMatchObject({ token: "abc", conversationId: "c1", answerId: "a1" });
    two.set({ locale: "ru" });
    expect(one.reload()).toEqual({ token: "abc", conversationId: "c1", answerId: "a1", locale: "ru" });
  });

  test("works for the page's life where storage is blocked or full", () => {
    const blocked = new VisitMemory("demo", () => {
      throw new Error("blocked");
    });
    blocked.set({ token: "abc" });
    expect(blocked.get().token).toBe("abc");
    const full = { ...memory(), setItem: () => expect.fail("full") };
    const visit = new VisitMemory("demo", () => full);
    visit.set({ token: "abc" });
    expect(visit.get().token).toBe("abc");
  });
});
