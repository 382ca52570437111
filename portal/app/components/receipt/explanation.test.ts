import { describe, expect, test } from "vitest";
import { en } from "~/i18n/en";
import { ru } from "~/i18n/ru";
import { explain } from "./explanation.ts";

const answered = { status: "finished", outcome: "answered", errorCode: null, attempts: [], citations: 3, actions: [] };
const passages = Array.from({ length: 8 }, (_, n) => ({ cited: n < 2 }));

describe("an answer explained", () => {
  test("what it rests on", () => {
    expect(explain(en.receipt, { ...answered, passages })).toEqual(["Answered from 2 of 8 passages found.", "3 statements are cited."]);
    expect(explain(ru.receipt, { ...answered, passages }).join(" ")).toBe(
      "Ответ опирается на 2 из 8 найденных фрагментов. 3 утверждения со ссылкой на источник.",
    );
  });

  test("that nothing supports an answer, or nothing was found", () => {
    const missed = { ...answered, outcome: "unanswered", citations: 0 };
    expect(explain(en.receipt, { ...missed, passages: passages.slice(0, 1) })[0]).toMatch(/^1 passage was found, but it does not support/);
    expect(explain(en.receipt, { ...missed, passages: [] })[0]).toMatch(/^The search found nothing/);
  });

  test("that the agent declined on purpose, and why", () => {
    const declined = { ...answered, outcome: "declined", citations: 0, passages: [] };
    expect(explain(en.receipt, declined)).toEqual([en.receipt.declinedTopic]);
    expect(explain(ru.receipt, { ...declined, errorCode: "withheld" })).toEqual([ru.receipt.declinedWithheld]);
  });

  test("what an action returned, and what needed no search", () => {
    const uncited = { ...answered, citations: 0, passages: [] };
    expect(explain(en.receipt, { ...uncited, actions: [{ outcome: "ok" }] })).toEqual([en.receipt.answeredByAction]);
    expect(explain(en.receipt, { ...uncited, actions: [{ outcome: "declined" }] })).toEqual([en.receipt.answeredFreely]);
  });

  test("who was asked before, and that quotations stand in", () => {
    const fallback = { ...answered, errorCode: "model_unavailable", attempts: [{ model: "a/b", error: "timeout" }], passages };
    expect(explain(en.receipt, fallback).slice(0, 2)).toEqual([
      "a/b was asked before and did not answer: nothing came in time.",
      en.receipt.fallbackText,
    ]);
  });

  test("how it ended, also for a code from another version", () => {
    const broken = { ...answered, outcome: "failed", passages };
    expect(explain(en.receipt, { ...broken, errorCode: "interrupted" })).toEqual([
      "The answer broke off: the server was restarted or lost. What was written by then is kept.",
    ]);
    expect(explain(en.receipt, { ...broken, errorCode: "new_code" })[0]).toContain("a fault called new_code");
    expect(explain(en.receipt, { ...answered, outcome: "stopped", passages })).toEqual([en.receipt.stoppedText]);
    expect(explain(en.receipt, { ...answered, status: "running", outcome: null, passages })).toEqual([en.receipt.running]);
  });
});
