import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where `npm test` puts it on Debian, out of the package but without its daemon (scripts/test.mjs). */
const OURS = fileURLToPath(new URL("../../.cache/bin/promtool", import.meta.url));

/** Runs Prometheus' own checker. Returns its exit status and all it said. */
export function promtool(...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr, error } = spawnSync(existsSync(OURS) ? OURS : "promtool", args, { encoding: "utf8", timeout: 120_000 });
  if (error) throw new Error("promtool is missing: `npm test` fetches it on Debian; elsewhere it comes with Prometheus", { cause: error });
  return { status, said: stdout + stderr };
}
