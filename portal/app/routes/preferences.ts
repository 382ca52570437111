import { LOCALES } from "@gpt-agent/core/locales";
import { type ActionFunctionArgs, data } from "@remix-run/node";
import { z } from "zod";
import { parseForm } from "~/http/form.server";
import { notFound } from "~/http/guards.server";
import { refuseCrossSite } from "~/http/session.server";
import { keepPreferences, THEMES } from "~/i18n/preferences.server";

const schema = z.strictObject({ locale: z.enum(LOCALES).optional(), theme: z.enum(THEMES).optional() });

export const loader = () => {
  throw notFound();
};

/** Keeps the language or the theme in a cookie; the page on screen changes by itself, since the root asks again. */
export async function action({ request }: ActionFunctionArgs) {
  refuseCrossSite(request);
  const form = await parseForm(request, schema);
  if (!form.ok) return data(form, { status: 400 });
  return data({ ok: true as const }, { headers: keepPreferences(form.value) });
}
