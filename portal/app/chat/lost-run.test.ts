import { describe, expect, it } from "vitest";
import { orLost } from "./lost-run.ts";
import { LoggedEvent } from "./run-log/run-log.ts";
import type { Telling } from "./telling.ts";
import { collect, tellFrom } from "./test-telling.ts";

const begun = tellFrom(async function* () {
  yield LoggedEvent.of(4, { type: "text-delta", id: "text-1", delta: "Half an" });
});
const read = async (events: Telling<LoggedEvent>) => (await collect(events)).map(({ seq, event }) => ({ seq, event }));

describe("an answer whose portal is gone", () => {
  it("ends for its readers as an interrupted one", async () => {
    const events = await read(orLost(begun, { isLost: async () => true, locale: "ru", after: 3 }));
    expect(events.slice(1)).toEqual([
      { seq: 5, event: { type: "error", errorText: "Ответ прервался. Написанное сохранено; можно попробовать ещё раз." } },
      { seq: 6, event: { type: "finish", finishReason: "error" } },
    ]);
  });

  it("is not one that has ended, nor one whose reader has left", async () => {
    const ended = tellFrom(async function* () {
      yield LoggedEvent.of(9, { type: "finish", finishReason: "stop" });
    });
    expect(await read(orLost(ended, { isLost: async () => true, locale: "en", after: 8 }))).toHaveLength(1);
    expect(await read(orLost(begun, { isLost: async () => false, locale: "en", after: 3 }))).toHaveLength(1);
  });
});
