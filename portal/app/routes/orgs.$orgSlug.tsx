import { data, type LoaderFunctionArgs, type MetaFunction } from "@remix-run/node";
import { type ShouldRevalidateFunctionArgs, useLoaderData } from "@remix-run/react";
import { PageError } from "~/components/page-error";
import { PageOutlet } from "~/components/page-outlet";
import { Shell } from "~/components/shell";
import { requireMember } from "~/http/guards.server";
import { lastOrganization, rememberOrganization } from "~/http/last-organization.server";
import { titled } from "~/i18n/title";
import { listMemberships } from "~/models/organization.server";

export const meta: MetaFunction = titled((_t, loaded) => (loaded as { org?: { name: string } } | undefined)?.org?.name ?? "");

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, user, org, role } = await requireMember(request, params.orgSlug);
  const memberships = await listMemberships(db, { userId: user.id });
  return data(
    { org, role, email: user.email, organizations: memberships.map((membership) => membership.org) },
    lastOrganization(request) === org.slug ? {} : { headers: { "Set-Cookie": rememberOrganization(org.slug) } },
  );
}

/** The frame changes with the organization or after something was saved, not with every page. */
export const shouldRevalidate = ({ currentParams, nextParams, formMethod, actionResult }: ShouldRevalidateFunctionArgs) =>
  currentParams.orgSlug !== nextParams.orgSlug || (formMethod !== undefined && formMethod !== "GET" && actionResult?.ok !== false);

export default function OrganizationFrame() {
  const { org, organizations, email } = useLoaderData<typeof loader>();
  return (
    <Shell org={org} organizations={organizations} email={email}>
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
