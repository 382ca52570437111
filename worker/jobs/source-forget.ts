import { removeObject } from "@gpt-agent/core/storage";
import type { Handler } from "./index.ts";

/** Removes the stored object of a deleted source. */
export const sourceForget: Handler<"source.forget"> = ({ objectKey }, { db }) => removeObject(db, objectKey);
