import type { LoaderFunctionArgs } from "@remix-run/node";
import { useLoaderData, useParams } from "@remix-run/react";
import { PageHeader } from "~/components/page";
import { PageError } from "~/components/page-error";
import { PageOutlet } from "~/components/page-outlet";
import { TabLinks } from "~/components/tabs";
import { requireMember } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { allows } from "~/models/role";

export { unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { role } = await requireMember(request, params.orgSlug);
  return { isAdmin: allows(role, "admin") };
}

export default function OrganizationSettings() {
  const t = useText();
  const { orgSlug } = useParams();
  const { isAdmin } = useLoaderData<typeof loader>();
  const base = `/orgs/${orgSlug}/settings`;
  return (
    <>
      <PageHeader title={t.orgSettings.title} />
      <TabLinks
        label={t.orgSettings.tabs}
        tabs={[
          { to: base, label: t.orgSettings.general, end: true },
          { to: `${base}/members`, label: t.orgSettings.members },
          { to: `${base}/usage`, label: t.orgSettings.usage },
          ...(isAdmin ? [{ to: `${base}/keys`, label: t.orgSettings.keys }] : []),
        ]}
      />
      <PageOutlet inner />
    </>
  );
}

export const ErrorBoundary = PageError;
