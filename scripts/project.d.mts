/** Builds what is missing or older than its source. */
export function ensureBuilt(): Promise<void>;
