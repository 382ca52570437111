import { types as pgliteTypes } from "@electric-sql/pglite";

export type Parser = (text: string) => unknown;
export const asItIs: Parser = (text) => text;

/** Postgres' oids of types whose values Supabase Lite wants in other words than PGlite's own (createPgliteConnection has the same). */
export const LITE_PARSERS: Record<number, Parser> = {
  /** int8 */
  20: (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)),
  /** json, jsonb */
  114: (text) => JSON.parse(text),
  3802: (text) => JSON.parse(text),
  /** numeric */
  1700: (text) => (Number.isFinite(Number(text)) && String(Number(text)) === text ? Number(text) : text),
  /** date, time, timestamp, timestamptz, timetz */
  1082: asItIs,
  1083: asItIs,
  1114: asItIs,
  1184: asItIs,
  1266: asItIs,
};

/** How values are read by Postgres' oid of their type: the same on PGlite and on a server. */
export const PARSERS: Record<number, Parser> = { ...(pgliteTypes.parsers as Record<number, Parser>), ...LITE_PARSERS };
