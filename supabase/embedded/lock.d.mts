/** Takes the lock on a folder; null when another process holds it. See lock.mjs. */
export function lockFolder(folder: string, purpose: string, waitMs?: number): Promise<null | (() => void)>;
