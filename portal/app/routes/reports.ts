import { AppError } from "@gpt-agent/core/errors";
import type { ActionFunctionArgs } from "@remix-run/node";
import { noContent } from "~/http/api-route";
import { clientAddress } from "~/http/client-address";
import { notFound } from "~/http/guards.server";
import { readBytes } from "~/http/json-body";
import { envelopeDoor } from "~/http/report-tunnel.server";
import { refuseCrossSite } from "~/http/session.server";
import { env, limiter, log } from "~/services.server";

/** Errors carry little; a recording of a minute is the largest thing that comes. */
const MAX_BYTES = 2 * 1024 * 1024;
const forward = env.SENTRY_BROWSER_DSN ? envelopeDoor(env.SENTRY_BROWSER_DSN) : null;

export const loader = () => {
  throw notFound();
};

/** Takes what the pages report and passes it on, without the sender's address. */
export async function action({ request }: ActionFunctionArgs): Promise<Response> {
  refuseCrossSite(request);
  if (!forward) throw notFound();
  try {
    await limiter.enforce(["pageReport", clientAddress(request, env.TRUSTED_PROXIES)]);
    const passed = await forward(await readBytes(request, MAX_BYTES));
    if (!passed) log.warn("Reports of pages cannot be passed on");
    return noContent();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return new Response(null, { status: error.status, headers: { "cache-control": "no-store" } });
  }
}
