import { describe, expect, it } from "vitest";
import { orLost } from "./lost-run.ts";
import { LoggedEvent } from "./run-log/run-log.ts";

async function* begun() {
  yield LoggedEvent.of(4, { type: "text-delta", id: "text-1", delta: "Half an" });
}
const read = async (events: AsyncIterable<LoggedEvent>) => {
  const all = [];
  for await (const { seq, event } of events) all.push({ seq, event });
  return all;
};

describe("an answer whose portal is gone", () => {
  it("ends for its readers as an interrupted one", async () => {
    const events = await read(orLost(begun(), { isLost: async () => true, locale: "ru", after: 3 }));
    expect(events.slice(1)).toEqual([
      { seq: 5, event: { type: "error", errorText: "Ответ прервался. Написанное сохранено; можно попробовать ещё раз." } },
      { seq: 6, event: { type: "finish", finishReason: "error" } },
    ]);
  });

  it("is not one that has ended, nor one whose reader has left", async () => {
    async function* ended() {
      yield LoggedEvent.of(9, { type: "finish", finishReason: "stop" });
    }
    expect(await read(orLost(ended(), { isLost: async () => true, locale: "en", after: 8 }))).toHaveLength(1);
    expect(await read(orLost(begun(), { isLost: async () => false, locale: "en", after: 3 }))).toHaveLength(1);
  });
});
