import { indexSource } from "../ingest/index-source.ts";
import type { Handler } from "./index.ts";

/** Reads an uploaded source: extract, chunk, index. */
export const sourceRead: Handler<"source.read"> = ({ sourceId }, { db, log }, turn) =>
  indexSource(sourceId, { db, log: log.with({ source: sourceId }) }, turn);
