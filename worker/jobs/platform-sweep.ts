import { sweep } from "../sweeper.ts";
import type { Handler } from "./index.ts";

/** Finds work whose job was lost, and puts it into the outbox again. */
export const platformSweep: Handler<"platform.sweep"> = (_payload, deps) => sweep(deps);
