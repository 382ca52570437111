/** Limits that both people's screens and servers name. Safe to import anywhere. */

/** Largest knowledge file, in bytes. */
export const MAX_FILE_BYTES = 50 * 1024 * 1024;
/** Files in one upload. */
export const MAX_FILES_AT_ONCE = 20;
/** Longest message of a visitor, in UTF-16 code units. */
export const MAX_MESSAGE_LENGTH = 8_000;
/** File name extensions that can be read, for the file picker; the worker decides by the bytes. */
export const FILE_EXTENSIONS = [".pdf", ".docx", ".md", ".txt", ".html", ".htm", ".csv"] as const;
/**
 * What an answer by a model sets aside in the budgets until it has ended: nearly all that history, passages, instructions and
 * answer may take, in tokens, and what a middling model asks for that, in micro-dollars. A limit below it would let nothing through.
 */
export const RESERVED_FOR_AN_ANSWER = { tokens: 12_000, micros: 50_000 } as const;
