import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useSearchParams } from "@remix-run/react";
import { z } from "zod";
import { AuthPage, textLink } from "~/components/auth-page";
import { Button } from "~/components/button";
import { Field, Input } from "~/components/field";
import { Banner } from "~/components/page";
import { PageError } from "~/components/page-error";
import { PasswordField } from "~/components/password-field";
import { useAction } from "~/components/use-action";
import { limitAttempts } from "~/http/attempts.server";
import { attempt, parseForm, refused } from "~/http/form.server";
import { safeRedirect } from "~/http/redirect-to";
import { openAuth, readSession } from "~/http/session.server";
import type { ErrorCode } from "~/i18n/error-codes";
import { readPreferences } from "~/i18n/preferences.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { email, newPassword } from "~/models/account";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.auth.signUpTitle);

export async function loader({ request }: LoaderFunctionArgs) {
  if (await readSession(request)) throw redirect("/");
  return null;
}

const schema = z.strictObject({ email, password: newPassword, redirectTo: z.string().optional() });

const REASONS: Record<string, Record<string, ErrorCode>> = {
  user_already_exists: { email: "emailTaken" },
  email_exists: { email: "emailTaken" },
  weak_password: { password: "passwordWeak" },
  email_address_invalid: { email: "email" },
  validation_failed: { email: "email" },
  over_email_send_rate_limit: { form: "tooMany" },
  over_request_rate_limit: { form: "tooMany" },
};

export async function action({ request }: ActionFunctionArgs) {
  const { auth, headers } = openAuth(request);
  const form = await parseForm(request, schema);
  if (!form.ok) return data(form, { status: 400 });
  const allowed = await attempt(() => limitAttempts(request, "signup", form.value.email));
  if (!allowed.ok) return data(allowed, { status: 429 });
  const { data: made, error } = await auth.signUp({
    email: form.value.email,
    password: form.value.password,
    options: { data: { locale: readPreferences(request).locale } },
  });
  if (error) return data(refused(REASONS[error.code ?? ""] ?? { form: "unavailable" }), { status: 400 });
  // Installations that ask for a confirmed address give no session yet.
  if (!made.session) return data({ ok: true as const, confirm: form.value.email }, { headers });
  throw redirect(safeRedirect(form.value.redirectTo), { headers });
}

export default function SignUp() {
  const t = useText();
  const [search] = useSearchParams();
  const { Form, busy, error, data: answer } = useAction<{ ok: boolean; confirm?: string }>();
  if (answer?.confirm) return <AuthPage title={t.auth.confirmSentTitle} lead={t.auth.confirmSent(answer.confirm)} />;
  return (
    <AuthPage
      title={t.auth.signUpTitle}
      lead={t.auth.signUpLead}
      foot={
        <>
          {t.auth.haveAccount}{" "}
          <Link to={`/login${search.size ? `?${search}` : ""}`} className={textLink}>
            {t.auth.signIn}
          </Link>
        </>
      }
    >
      <Form method="post" className="space-y-4">
        {error("form") && <Banner tone="danger">{error("form")}</Banner>}
        <input type="hidden" name="redirectTo" value={search.get("redirectTo") ?? "/"} />
        <Field label={t.auth.email} error={error("email")}>
          {(wiring) => <Input {...wiring} type="email" name="email" autoComplete="username" required autoFocus />}
        </Field>
        <PasswordField label={t.auth.password} hint={t.auth.passwordHint} autoComplete="new-password" error={error("password")} />
        <Button type="submit" look="primary" busy={busy} className="w-full">
          {t.auth.signUp}
        </Button>
      </Form>
    </AuthPage>
  );
}

export const ErrorBoundary = PageError;
