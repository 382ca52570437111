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
import { keepLanguage, openAuth, readSession } from "~/http/session.server";
import { readPreferences } from "~/i18n/preferences.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { email, givenPassword } from "~/models/account";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.auth.signInTitle);

export async function loader({ request }: LoaderFunctionArgs) {
  if (await readSession(request)) throw redirect(safeRedirect(new URL(request.url).searchParams.get("redirectTo")));
  return null;
}

const schema = z.strictObject({ email, password: givenPassword, redirectTo: z.string().optional() });

export async function action({ request }: ActionFunctionArgs) {
  const { auth, headers } = openAuth(request);
  const form = await parseForm(request, schema);
  if (!form.ok) return data(form, { status: 400 });
  const allowed = await attempt(() => limitAttempts(request, "login", form.value.email));
  if (!allowed.ok) return data(allowed, { status: 429 });
  const { data: signedIn, error } = await auth.signInWithPassword({ email: form.value.email, password: form.value.password });
  if (error) {
    const ours = !error.status || error.status >= 500;
    return data(refused({ form: ours ? "unavailable" : error.status === 429 ? "tooMany" : "credentials" }), { status: ours ? 503 : 400 });
  }
  await keepLanguage(auth, readPreferences(request).locale, signedIn.user);
  throw redirect(safeRedirect(form.value.redirectTo), { headers });
}

export default function Login() {
  const t = useText();
  const [search] = useSearchParams();
  const { Form, busy, error } = useAction();
  const keep = search.size ? `?${search}` : "";
  return (
    <AuthPage
      title={t.auth.signInTitle}
      lead={t.auth.signInLead}
      foot={
        <>
          {t.auth.noAccount}{" "}
          <Link to={`/signup${keep}`} className={textLink}>
            {t.auth.signUp}
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
        <PasswordField label={t.auth.password} autoComplete="current-password" error={error("password")} />
        <Button type="submit" look="primary" busy={busy} className="w-full">
          {t.auth.signIn}
        </Button>
        <p className="text-center">
          <Link to="/forgot-password" className={textLink}>
            {t.auth.forgot}
          </Link>
        </p>
      </Form>
    </AuthPage>
  );
}

export const ErrorBoundary = PageError;
