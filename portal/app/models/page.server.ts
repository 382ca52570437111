import { z } from "zod";

const moment = z
  .string()
  .max(40)
  .regex(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:?\d\d)?)$/);

/** The moment a page of a list begins before (?before=…), or undefined for the first page and for anything else. */
export const pageBefore = (request: Request): string | undefined => moment.safeParse(new URL(request.url).searchParams.get("before")).data;
