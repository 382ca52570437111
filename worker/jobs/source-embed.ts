import { embedVersion } from "../ingest/embed-version.ts";
import type { Handler } from "./index.ts";

/** Makes the vectors of a published reading, where an embedder is configured. */
export const sourceEmbed: Handler<"source.embed"> = ({ versionId }, { db, log, embedder }, { signal }) =>
  embedVersion(versionId, { db, embedder, log: log.with({ version: versionId }) }, signal);
