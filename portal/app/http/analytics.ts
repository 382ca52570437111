import type { PortalEnv } from "@gpt-agent/core/env";

/** A script that counts visits of the portal's pages. `origin` is where it reports to; null for the portal's own (Vercel). */
export type Analytics = { src: string; site: string | null; origin: string | null };

/** Where Vercel serves its script (https://vercel.com/docs/analytics/quickstart). */
const VERCEL_SRC = "/_vercel/insights/script.js";

/** What the environment asks for; null, as nothing is counted unless somebody says so. */
export function analyticsOf(env: Pick<PortalEnv, "ANALYTICS_SRC" | "ANALYTICS_SITE">): Analytics | null {
  const { ANALYTICS_SRC: src, ANALYTICS_SITE: site = null } = env;
  if (!src) return null;
  if (src === "vercel") return { src: VERCEL_SRC, site, origin: null };
  return { src, site, origin: new URL(src).origin };
}

/** Pages whose addresses open something: links of e-mails, codes of sign-ins elsewhere. A counter would be told them. */
const PRIVATE = /^\/(auth|reset-password|integrations\/crm\/callback|mailbox)(\/|$)/;

/** Whether visits of this page may be counted. */
export const isCounted = (path: string): boolean => !PRIVATE.test(path);
