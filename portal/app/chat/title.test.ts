import { describe, expect, it } from "vitest";
import { titleOf } from "./title.ts";

describe("a conversation's title", () => {
  it.each([
    ["Hello! Could you tell me how long delivery takes? I live in Omsk.", "How long delivery takes?"],
    ["Здравствуйте, подскажите, пожалуйста, есть ли самовывоз?", "Есть ли самовывоз?"],
    ["price", "Price"],
    ["Do you ship\n\nabroad?", "Do you ship abroad?"],
  ])("%s", (question, title) => expect(titleOf(question)).toBe(title));

  it("is cut after a word", () => {
    const title = titleOf(`Can I return ${"a very long list of things ".repeat(5)}?`)!;
    expect(title.length).toBeLessThanOrEqual(61);
    expect(title).toMatch(/\w…$/);
  });

  it.each(["hi", "Привет!", "спасибо", "   "])("none for %j", (question) => expect(titleOf(question)).toBeNull());

  it("T48: keeps hostile text as text, on one line", () => {
    expect(titleOf("<img src=x onerror=alert(1)>\nhi")).toBe("<img src=x onerror=alert(1)> hi");
  });
});
