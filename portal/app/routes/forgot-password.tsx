import { setTimeout as delay } from "node:timers/promises";
import { type ActionFunctionArgs, data, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { z } from "zod";
import { AuthPage, textLink } from "~/components/auth-page";
import { Button, ButtonLink } from "~/components/button";
import { Field, Input } from "~/components/field";
import { Banner } from "~/components/page";
import { PageError } from "~/components/page-error";
import { useAction } from "~/components/use-action";
import { limitAttempts } from "~/http/attempts.server";
import { attempt, parseForm } from "~/http/form.server";
import { openAuth } from "~/http/session.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { email } from "~/models/account";
import { env, log } from "~/services.server";

export { offlineSafe as clientAction, unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const meta: MetaFunction = titled((t) => t.auth.forgotTitle);
export const loader = () => ({ mailbox: Boolean(env.MAILBOX_FOLDER) });

const schema = z.strictObject({ email });
/** Milliseconds that every answer takes, so that its time does not tell known addresses from unknown ones (T23). */
const ANSWER_AFTER = 600;

export async function action({ request }: ActionFunctionArgs) {
  const { auth } = openAuth(request);
  const form = await parseForm(request, schema);
  if (!form.ok) return data(form, { status: 400 });
  const allowed = await attempt(() => limitAttempts(request, "reset", form.value.email));
  if (!allowed.ok) return data(allowed, { status: 429 });
  const [{ error }] = await Promise.all([auth.resetPasswordForEmail(form.value.email), delay(ANSWER_AFTER)]);
  if (error) log.warn("A reset mail was not sent", { error });
  return { ok: true as const, sentTo: form.value.email };
}

export default function ForgotPassword() {
  const t = useText();
  const { mailbox } = useLoaderData<typeof loader>();
  const { Form, busy, error, data: answer } = useAction<{ ok: boolean; sentTo?: string }>();
  const back = (
    <Link to="/login" className={textLink}>
      {t.auth.signIn}
    </Link>
  );
  if (answer?.sentTo) {
    return (
      <AuthPage title={t.auth.forgotSentTitle} lead={t.auth.forgotSent(answer.sentTo)} foot={back}>
        {mailbox && (
          <ButtonLink to="/mailbox" look="primary" className="w-full">
            {t.auth.mailbox}
          </ButtonLink>
        )}
      </AuthPage>
    );
  }
  return (
    <AuthPage title={t.auth.forgotTitle} lead={t.auth.forgotLead} foot={back}>
      <Form method="post" className="space-y-4">
        {error("form") && <Banner tone="danger">{error("form")}</Banner>}
        <Field label={t.auth.email} error={error("email")}>
          {(wiring) => <Input {...wiring} type="email" name="email" autoComplete="username" required autoFocus />}
        </Field>
        <Button type="submit" look="primary" busy={busy} className="w-full">
          {t.auth.forgotSend}
        </Button>
      </Form>
    </AuthPage>
  );
}

export const ErrorBoundary = PageError;
