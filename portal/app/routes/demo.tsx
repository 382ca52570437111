import { randomBytes } from "node:crypto";
import { LOCALES, pickLocale } from "@gpt-agent/core/locales";
import type { LoaderFunctionArgs } from "@remix-run/node";
import { renderToStaticMarkup } from "react-dom/server";
import styles from "~/demo/demo.css?inline";
import { DemoPage } from "~/demo/page";
import { notFound } from "~/http/guards.server";
import { securityHeaders } from "~/http/security-headers";
import { env } from "~/services.server";

/**
 * GET /demo: a customer's site with the widget on it. A plain document of its own, outside the portal's layout, styles
 * and scripts, because that is where the widget has to feel at home. Not there on an installation without the demo.
 */
export function loader({ request }: LoaderFunctionArgs): Response {
  if (env.DEMO === "off") throw notFound();
  const asked = new URL(request.url).searchParams.get("lang");
  const locale = LOCALES.find((known) => known === asked) ?? pickLocale(request.headers.get("accept-language"));
  const nonce = randomBytes(16).toString("base64");
  const page = renderToStaticMarkup(<DemoPage locale={locale} nonce={nonce} styles={styles} />);
  return new Response(`<!doctype html>${page}`, {
    headers: {
      ...securityHeaders({ nonce, https: env.APP_URL.startsWith("https:") }),
      "Content-Type": "text/html; charset=utf-8",
      "Content-Language": locale,
      "Cache-Control": "private, no-store",
      Vary: "Accept-Language",
    },
  });
}
