import { type ActionFunctionArgs, data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { z } from "zod";
import { AuthPage } from "~/components/auth-page";
import { Button, ButtonLink } from "~/components/button";
import { Banner } from "~/components/page";
import { PageError } from "~/components/page-error";
import { PasswordField } from "~/components/password-field";
import { useAction } from "~/components/use-action";
import { parseForm, refused } from "~/http/form.server";
import { forbidden } from "~/http/guards.server";
import { endRecovery, isRecovering } from "~/http/recovery.server";
import { openAuth, readSession } from "~/http/session.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { newPassword } from "~/models/account";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.auth.resetTitle);

export async function loader({ request }: LoaderFunctionArgs) {
  const session = await readSession(request);
  return { email: session && (await isRecovering(request, session.user.id)) ? session.user.email : null };
}

const schema = z.strictObject({ password: newPassword });

export async function action({ request }: ActionFunctionArgs) {
  const session = await readSession(request);
  if (!session || !(await isRecovering(request, session.user.id))) throw forbidden();
  const form = await parseForm(request, schema);
  if (!form.ok) return data(form, { status: 400 });
  const { auth, headers } = openAuth(request);
  const { error } = await auth.updateUser({ password: form.value.password });
  if (error) {
    const code = error.code === "same_password" ? "passwordSame" : error.code === "weak_password" ? "passwordWeak" : "unavailable";
    return data(refused({ password: code }), { status: 400 });
  }
  // Whoever knew the old password is out (T25).
  await auth.signOut({ scope: "others" });
  headers.append("Set-Cookie", await endRecovery());
  throw redirect("/", { headers });
}

export default function ResetPassword() {
  const t = useText();
  const { email } = useLoaderData<typeof loader>();
  const { Form, busy, error } = useAction();
  if (!email) {
    return (
      <AuthPage title={t.auth.linkTitle} lead={t.auth.linkText}>
        <ButtonLink to="/forgot-password" look="primary" className="w-full">
          {t.auth.forgotTitle}
        </ButtonLink>
      </AuthPage>
    );
  }
  return (
    <AuthPage title={t.auth.resetTitle} lead={t.auth.resetLead}>
      <Form method="post" className="space-y-4">
        {error("form") && <Banner tone="danger">{error("form")}</Banner>}
        <input type="email" value={email} readOnly hidden autoComplete="username" />
        <PasswordField
          label={t.auth.newPassword}
          hint={t.auth.passwordHint}
          autoComplete="new-password"
          autoFocus
          error={error("password")}
        />
        <Button type="submit" look="primary" busy={busy} className="w-full">
          {t.auth.resetSave}
        </Button>
      </Form>
    </AuthPage>
  );
}

export const ErrorBoundary = PageError;
