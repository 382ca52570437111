import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of V8's heap that are in use after `work`, and were not before: what it returns, and what it keeps elsewhere. */
export function heapKeptBy(work: () => unknown): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = [work()];
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  // Held until here, whatever the compiler makes of it.
  kept.length = 0;
  return bytes;
}
