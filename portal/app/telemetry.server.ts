import { correlation } from "@gpt-agent/core/correlation";
import type { PortalEnv } from "@gpt-agent/core/env";
import { openSentry } from "@gpt-agent/core/sentry";
import { silentTelemetry, type Telemetry } from "@gpt-agent/core/telemetry";
import packageJson from "../package.json";
import type { PageReports } from "./components/answer-context";

type Settings = Pick<PortalEnv, `SENTRY_${string}` & keyof PortalEnv>;

export const release = (env: Settings): string => env.SENTRY_RELEASE ?? `gpt-agent-platform@${packageJson.version}`;

/**
 * Sentry where there is a DSN. Without one its SDK is not even read from the disk. On the server it is @sentry/node: what @sentry/remix does beyond
 * it is to wrap Remix's handler and every loader, which puts the ids of traces into answers of the API (decision 037).
 */
export async function openTelemetry(env: Settings): Promise<Telemetry> {
  if (!env.SENTRY_DSN) return silentTelemetry;
  return openSentry(await import("@sentry/node"), {
    dsn: env.SENTRY_DSN,
    environment: env.SENTRY_ENVIRONMENT,
    release: release(env),
    tracesSampleRate: env.SENTRY_TRACES_SAMPLE_RATE,
    process: "portal",
  });
}

/** What a page needs in order to report its errors; null where it reports none. */
export function pageReports(env: Settings): PageReports | null {
  if (!env.SENTRY_BROWSER_DSN) return null;
  const { trace = null, baggage = null, orgId = null } = correlation() ?? {};
  return {
    dsn: env.SENTRY_BROWSER_DSN,
    environment: env.SENTRY_ENVIRONMENT,
    release: release(env),
    tracesSampleRate: env.SENTRY_TRACES_SAMPLE_RATE,
    replaySampleRate: env.SENTRY_REPLAY_SAMPLE_RATE,
    trace,
    baggage,
    orgId,
  };
}
