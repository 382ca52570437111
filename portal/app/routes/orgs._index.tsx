import { type LoaderFunctionArgs, redirect } from "@remix-run/node";
import { requireUser } from "~/http/guards.server";
import { lastOrganization } from "~/http/last-organization.server";
import { listMemberships } from "~/models/organization.server";

/** Where a person who has just signed in belongs: their last organization, their first, or the page that makes one. */
export async function loader({ request }: LoaderFunctionArgs) {
  const { db, user } = await requireUser(request);
  const memberships = await listMemberships(db, { userId: user.id });
  const last = lastOrganization(request);
  const { org } = memberships.find((membership) => membership.org.slug === last) ?? memberships[0] ?? {};
  throw redirect(org ? `/orgs/${org.slug}/agents` : "/orgs/new");
}
