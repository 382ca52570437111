import { LOCALES, type Locale, pickLocale } from "@gpt-agent/core/locales";
import { parseCookieHeader, serializeCookieHeader } from "@supabase/ssr";
import { env } from "~/services.server";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
export type Preferences = { locale: Locale; theme: Theme };

const YEAR = 365 * 24 * 3_600;

/** The person's language and theme: what they chose, else what their browser asks for. */
export function readPreferences(request: Request): Preferences {
  const cookies = new Map(parseCookieHeader(request.headers.get("cookie") ?? "").map(({ name, value }) => [name, value]));
  return {
    locale: LOCALES.find((locale) => locale === cookies.get("gap-locale")) ?? pickLocale(request.headers.get("accept-language")),
    theme: THEMES.find((theme) => theme === cookies.get("gap-theme")) ?? "auto",
  };
}

/** Set-Cookie lines that keep a choice for a year. */
export function keepPreferences(chosen: Partial<Preferences>): [string, string][] {
  return Object.entries(chosen).map(([name, value]) => [
    "Set-Cookie",
    serializeCookieHeader(`gap-${name}`, value, {
      path: "/",
      maxAge: YEAR,
      sameSite: "lax",
      httpOnly: true,
      secure: env.APP_URL.startsWith("https:"),
    }),
  ]);
}
