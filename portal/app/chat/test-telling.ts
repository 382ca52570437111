import type { Telling } from "./telling.ts";

/** All that is told, in its order. */
export async function collect<T>(telling: Telling<T>): Promise<T[]> {
  const all: T[] = [];
  await telling((one) => void all.push(one));
  return all;
}

/** Tells what a generator makes, each when the one before has been heard; a hearer that fails ends the generator. */
export const tellFrom =
  <T>(make: () => AsyncIterable<T>): Telling<T> =>
  async (hear) => {
    for await (const one of make()) await hear(one);
  };
