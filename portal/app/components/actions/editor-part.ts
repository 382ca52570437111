import type { Draft } from "./draft";

/** What each part of an action's editor is given. `error` has the words for a field by its path, or null. */
export type EditorPart = { draft: Draft; set: (change: Partial<Draft>) => void; error: (path: string) => string | null };
