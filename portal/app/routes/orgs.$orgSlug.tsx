import { data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { type ShouldRevalidateFunctionArgs, useLoaderData } from "@remix-run/react";
import { useEffect } from "react";
import { PageError } from "~/components/page-error";
import { PageOutlet } from "~/components/page-outlet";
import { Shell } from "~/components/shell";
import { LimitBanner } from "~/components/usage/limit-banner";
import { requireMember } from "~/http/guards.server";
import { lastOrganization, rememberOrganization } from "~/http/last-organization.server";
import { titled } from "~/i18n/title";
import { currentAlerts } from "~/models/budget.server";
import { listMemberships } from "~/models/organization.server";
import { runsPlatform } from "~/models/queue.server";
import { allows } from "~/models/role";

export const meta: MetaFunction = titled((_t, loaded) => (loaded as { org?: { name: string } } | undefined)?.org?.name ?? "");

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, user, org, role } = await requireMember(request, params.orgSlug);
  const [memberships, alerts, isOperator] = await Promise.all([
    listMemberships(db, { userId: user.id }),
    currentAlerts(db, { orgId: org.id }),
    runsPlatform(db),
  ]);
  return data(
    { org, role, email: user.email, alerts, runsPlatform: isOperator, organizations: memberships.map((membership) => membership.org) },
    lastOrganization(request) === org.slug ? {} : { headers: { "Set-Cookie": rememberOrganization(org.slug) } },
  );
}

/** How old the frame's warnings may get, in milliseconds. */
const FRESH_MS = 60_000;
let loadedAt = 0;

/** The frame changes with the organization or after something was saved; for its warnings it is asked for once a minute too. */
export function shouldRevalidate({ currentParams, nextParams, formMethod, actionResult }: ShouldRevalidateFunctionArgs) {
  if (actionResult?.ok === false) return false;
  const saved = formMethod !== undefined && formMethod !== "GET";
  return saved || currentParams.orgSlug !== nextParams.orgSlug || Date.now() - loadedAt > FRESH_MS;
}

export default function OrganizationFrame() {
  const { org, role, organizations, email, alerts, runsPlatform: isOperator } = useLoaderData<typeof loader>();
  useEffect(() => {
    if (alerts) loadedAt = Date.now();
  }, [alerts]);
  return (
    <Shell org={org} role={role} organizations={organizations} email={email} runsPlatform={isOperator}>
      <LimitBanner alerts={alerts} to={`/orgs/${org.slug}/settings/usage#limits`} mayChange={allows(role, "admin")} />
      <PageOutlet />
    </Shell>
  );
}

export function ErrorBoundary() {
  return (
    <main>
      <PageError />
    </main>
  );
}
