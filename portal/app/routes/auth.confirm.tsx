import { type ActionFunctionArgs, data, type MetaFunction, redirect } from "@remix-run/node";
import { Form, useActionData, useNavigation, useSearchParams, useSubmit } from "@remix-run/react";
import { useEffect, useRef } from "react";
import { z } from "zod";
import { AuthPage } from "~/components/auth-page";
import { Button, ButtonLink } from "~/components/button";
import { PageError } from "~/components/page-error";
import { parseForm } from "~/http/form.server";
import { recoveryCookie } from "~/http/recovery.server";
import { keepLanguage, openAuth } from "~/http/session.server";
import { readPreferences } from "~/i18n/preferences.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";

export const meta: MetaFunction = titled((t) => t.auth.confirmTitle);

// A link's token must not reach other sites with the Referer header.
export const headers = () => ({ "Referrer-Policy": "no-referrer" });

const schema = z.strictObject({
  token_hash: z.string().min(8).max(500),
  type: z.enum(["recovery", "magiclink", "email_change", "signup", "email"]),
});

/** Uses the token of a mail's link up: opening the page alone changes nothing, since mail scanners open links too. */
export async function action({ request }: ActionFunctionArgs) {
  const { auth, headers } = openAuth(request);
  const form = await parseForm(request, schema);
  if (!form.ok) return data({ ok: false }, { status: 400 });
  const { data: verified, error } = await auth.verifyOtp(form.value);
  if (error || !verified.user) return data({ ok: false }, { status: 400 });
  await keepLanguage(auth, readPreferences(request).locale, verified.user);
  if (form.value.type !== "recovery") throw redirect("/", { headers });
  headers.append("Set-Cookie", await recoveryCookie(verified.user.id));
  throw redirect("/reset-password", { headers });
}

export default function Confirm() {
  const t = useText();
  const [search] = useSearchParams();
  const submit = useSubmit();
  const { state } = useNavigation();
  const answer = useActionData<typeof action>();
  const form = useRef<HTMLFormElement>(null);
  const sent = useRef(false);
  // Scanners rarely run scripts; people need not press anything.
  useEffect(() => {
    if (sent.current || !form.current) return;
    sent.current = true;
    submit(form.current, { replace: true });
  }, [submit]);
  if (answer && !answer.ok) {
    return (
      <AuthPage title={t.auth.linkTitle} lead={t.auth.linkText}>
        <ButtonLink to="/forgot-password" look="primary" className="w-full">
          {t.auth.forgotTitle}
        </ButtonLink>
      </AuthPage>
    );
  }
  return (
    <AuthPage title={t.auth.confirmTitle} lead={t.auth.confirmText}>
      <Form method="post" action="/auth/confirm" ref={form} replace>
        <input type="hidden" name="token_hash" value={search.get("token_hash") ?? ""} />
        <input type="hidden" name="type" value={search.get("type") ?? ""} />
        <Button type="submit" look="primary" busy={state !== "idle"} className="w-full">
          {t.auth.confirmButton}
        </Button>
      </Form>
    </AuthPage>
  );
}

export const ErrorBoundary = PageError;
