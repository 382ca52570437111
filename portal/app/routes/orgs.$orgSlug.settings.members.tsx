import type { LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { CircleUser } from "lucide-react";
import { Badge, Card } from "~/components/page";
import { PageError } from "~/components/page-error";
import { Ago } from "~/components/time";
import { requireMember } from "~/http/guards.server";
import { useText } from "~/i18n/text";
import { titled } from "~/i18n/title";
import { listMembers } from "~/models/organization.server";

export const meta: MetaFunction = titled((t) => t.orgSettings.members);

export async function loader({ request, params }: LoaderFunctionArgs) {
  const { db, org, user } = await requireMember(request, params.orgSlug);
  return { members: await listMembers(db, { orgId: org.id }), me: user.id };
}

export default function Members() {
  const t = useText();
  const words = t.orgSettings;
  const { members, me } = useLoaderData<typeof loader>();
  return (
    <div className="max-w-3xl">
      <p className="mb-4 text-muted">{words.membersLead}</p>
      <Card className="overflow-clip">
        <table className="w-full">
          <thead className="text-left text-sm text-muted">
            <tr className="border-b border-line">
              <th className="w-full px-4 py-2.5 font-medium">{words.person}</th>
              <th className="px-4 py-2.5 font-medium">{words.role}</th>
              <th className="hidden px-4 py-2.5 font-medium whitespace-nowrap sm:table-cell">{words.since}</th>
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {members.map((member) => (
              <tr key={member.userId}>
                <td className="max-w-0 px-4 py-3">
                  <div className="flex items-center gap-3">
                    <CircleUser aria-hidden className="size-5 shrink-0 text-muted" />
                    <span className="min-w-0 truncate font-medium">{member.email}</span>
                    {member.userId === me && <Badge>{words.you}</Badge>}
                  </div>
                </td>
                <td className="px-4 py-3 whitespace-nowrap">
                  {t.roles[member.role]}
                  <span className="hidden text-muted md:inline">: {t.roleMeanings[member.role]}</span>
                </td>
                <td className="hidden px-4 py-3 whitespace-nowrap text-muted sm:table-cell">
                  <Ago at={member.since} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Card>
    </div>
  );
}

export const ErrorBoundary = PageError;
