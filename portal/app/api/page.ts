import { AppError } from "@gpt-agent/core/errors";
import { z } from "zod";

/** Rows of a page when the caller names no number, and the most there can be. */
export const DEFAULT_ROWS = 20;
export const MAX_ROWS = 100;

/** The parameters of every list. */
export const pageQuery = {
  cursor: z.string().min(1).max(200).optional(),
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, { error: `must be a whole number from 1 to ${MAX_ROWS}` })
    .transform(Number)
    .default(DEFAULT_ROWS),
};

/** A page of a list as it is answered. */
export const pageOf = <Row extends z.ZodType>(row: Row) =>
  z.strictObject({
    data: z.array(row),
    nextCursor: z.string().nullable().meta({ description: "Pass it as `cursor` for the next page; null at the end." }),
  });
export type Page<Row> = { data: Row[]; nextCursor: string | null };

/**
 * A request's query, parsed strictly: an unknown parameter and one given twice are errors, so that no typing error reads as "no filter".
 * @throws AppError("invalid_request") naming the parameter
 */
export function readQuery<S extends z.ZodType>(url: string, schema: S): z.output<S> {
  const { searchParams } = new URL(url);
  const names = [...searchParams.keys()];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new AppError("invalid_request", `${twice.slice(0, 60)}: is given twice.`);
  const parsed = schema.safeParse(Object.fromEntries(searchParams));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError("invalid_request", `${issue?.path.join(".") || "The query"}: ${issue?.message}`.slice(0, 300));
}

const ID = z.uuid();
const VERSION = "1:";
const seal = (text: string) => Buffer.from(VERSION + text).toString("base64url");

/** What a cursor holds, or undefined for none. @throws AppError("invalid_request") for one that no page gave */
function unseal<S extends z.ZodType>(cursor: string | undefined, schema: S): z.output<S> | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  const parsed = schema.safeParse(text.slice(VERSION.length));
  if (!text.startsWith(VERSION) || !parsed.success)
    throw new AppError("invalid_request", "cursor: must be the nextCursor of an earlier page of this list.");
  return parsed.data;
}

/**
 * Where a list that is ordered by id, newest first, goes on. Ids are UUIDv7 and so ordered by time: what is added later comes
 * before the first page and moves no other.
 */
export const idAfter = (cursor: string | undefined): string | undefined => unseal(cursor, ID);

/** The page of rows that were asked for with one more than fits. */
export function idPage<Row extends { id: string }, Shown>(rows: Row[], limit: number, show: (row: Row) => Shown): Page<Shown> {
  const shown = rows.slice(0, limit);
  return { data: shown.map(show), nextCursor: rows.length > limit ? seal(shown.at(-1)!.id) : null };
}

const dayAndId = z.templateLiteral([z.iso.date(), ":", ID]);
/** The same for rows of a day and an agent. */
export function dayAfter(cursor: string | undefined): { day: string; agentId: string } | undefined {
  const found = unseal(cursor, dayAndId);
  return found ? { day: found.slice(0, 10), agentId: found.slice(11) } : undefined;
}
export const dayCursor = (row: { day: string; agentId: string }): string => seal(`${row.day}:${row.agentId}`);
