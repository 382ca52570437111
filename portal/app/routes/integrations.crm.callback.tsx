import type { CrmErrorCode } from "@gpt-agent/core/crm/crm-error";
import { userDb } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import { data, type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { AuthPage } from "~/components/auth-page";
import { ButtonLink } from "~/components/button";
import { useFailureWords } from "~/components/crm/connection-state";
import { CrmMark, useCrmName } from "~/components/crm/crm-mark";
import { PageError } from "~/components/page-error";
import { connectAccount, crmFailure, reconnectAccount } from "~/http/crm-connect.server";
import { exchange, type SignIn, takeSignIn } from "~/http/crm-sign-in.server";
import { readSession } from "~/http/session.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { dbConfig, log } from "~/services.server";

export const meta: MetaFunction = titled((t) => t.crm.callback.title);

type Outcome =
  /** A state that is foreign, used or late; another browser; another person; nobody signed in. */
  | { kind: "refused" }
  | { kind: "declined"; to: string; crm: string; cloud: string }
  | { kind: "connected"; to: string; crm: string; cloud: string }
  | { kind: "other"; to: string; crm: string; cloud: string; account: string }
  | { kind: "failed"; to: string; crm: string; cloud: string; code: CrmErrorCode };

const STATUS: Record<Outcome["kind"], number> = { refused: 403, declined: 200, connected: 409, other: 409, failed: 502 };
const answer = (outcome: Outcome) => data(outcome, { status: STATUS[outcome.kind], headers: { "Referrer-Policy": "no-referrer" } });

/** Where every CRM sends people back to. The state decides whose sign-in it is; nothing else that comes along is believed (T04). */
export async function loader({ request }: LoaderFunctionArgs) {
  const session = await readSession(request);
  if (!session) return answer({ kind: "refused" });
  const db = userDb(dbConfig, session.accessToken);
  const signIn = await takeSignIn(request, db);
  if (!signIn) return answer({ kind: "refused" });
  const list = `/orgs/${signIn.orgSlug}/integrations/crm`;
  const about = { to: signIn.connectionId ? `${list}/${signIn.connectionId}` : list, crm: signIn.crm, cloud: signIn.cloud };
  const error = new URL(request.url).searchParams.get("error");
  if (error && /denied/.test(error)) return answer({ kind: "declined", ...about });
  try {
    const done = await finish(request, signIn, { db, userId: session.user.id });
    if ("otherAccount" in done) return answer({ kind: "other", ...about, account: done.otherAccount });
    return redirect(`${list}/${done.connectionId}`);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "conflict") return answer({ kind: "connected", ...about });
    if (thrown instanceof AppError) throw thrown;
    const { code } = crmFailure(thrown);
    log.warn("A sign-in at a CRM failed", { orgId: signIn.orgId, crm: signIn.crm, error: thrown });
    return answer({ kind: "failed", ...about, code });
  }
}

async function finish(
  request: Request,
  signIn: SignIn,
  by: { db: ReturnType<typeof userDb>; userId: string },
): Promise<{ connectionId: string } | { otherAccount: string }> {
  const grant = await exchange(request, signIn);
  const { orgId, crm, cloud, connectionId } = signIn;
  if (!connectionId) return { connectionId: await connectAccount(by.db, { orgId, userId: by.userId, crm, cloud, grant }) };
  const { account, same } = await reconnectAccount(by.db, { orgId, connectionId, crm, grant });
  return same ? { connectionId } : { otherAccount: account.name || account.externalId };
}

export default function CrmCallback() {
  const t = useText();
  const words = t.crm.callback;
  const outcome = useLoaderData<typeof loader>();
  const nameOf = useCrmName();
  const why = useFailureWords();
  if (outcome.kind === "refused")
    return (
      <AuthPage title={words.refusedTitle} lead={words.refusedText}>
        <ButtonLink look="primary" to="/orgs">
          {words.back}
        </ButtonLink>
      </AuthPage>
    );
  const name = nameOf(outcome.crm, outcome.cloud);
  const [title, lead] =
    outcome.kind === "declined"
      ? [words.declinedTitle, words.declinedText(name)]
      : outcome.kind === "connected"
        ? [words.connectedTitle, words.connectedText]
        : outcome.kind === "other"
          ? [words.otherTitle, words.otherText(outcome.account)]
          : [words.failedTitle(name), words.failedText(why(outcome.code))];
  return (
    <AuthPage
      title={
        <>
          <CrmMark crm={outcome.crm} cloud={outcome.cloud} className="mb-4 block size-11" />
          {title}
        </>
      }
      lead={lead}
    >
      <ButtonLink look="primary" to={outcome.to}>
        {outcome.kind === "failed" || outcome.kind === "declined" ? words.again : words.back}
      </ButtonLink>
    </AuthPage>
  );
}

export const ErrorBoundary = PageError;
