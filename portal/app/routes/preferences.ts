import { LOCALES } from "@gpt-agent/core/locales";
import { type ActionFunctionArgs, data } from "@remix-run/node";
import { z } from "zod";
import { parseForm } from "~/http/form.server";
import { notFound } from "~/http/guards.server";
import { keepLanguage, openAuth } from "~/http/session.server";
import { keepPreferences, THEMES } from "~/i18n/preferences.server";

const schema = z.strictObject({ locale: z.enum(LOCALES).optional(), theme: z.enum(THEMES).optional() });

export const loader = () => {
  throw notFound();
};

/**
 * Keeps the language or the theme in a cookie, and whoever is signed in gets e-mails in that language; the page on screen changes by itself,
 * since the root asks again.
 */
export async function action({ request }: ActionFunctionArgs) {
  const { auth, headers } = openAuth(request);
  const form = await parseForm(request, schema);
  if (!form.ok) return data(form, { status: 400 });
  if (form.value.locale) await keepLanguage(auth, form.value.locale);
  for (const [name, value] of keepPreferences(form.value)) headers.append(name, value);
  return data({ ok: true as const }, { headers });
}
