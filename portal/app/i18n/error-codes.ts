import { type Dictionary, en } from "./en";

type Errors = Dictionary["errors"];
/** A reason that has words of its own in every language and needs no detail. */
export type ErrorCode = { [K in keyof Errors]: Errors[K] extends string ? K : never }[keyof Errors];

export const isErrorCode = (text: string): text is ErrorCode => typeof (en.errors as Record<string, unknown>)[text] === "string";
