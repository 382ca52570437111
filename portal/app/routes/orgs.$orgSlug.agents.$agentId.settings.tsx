import { Outlet, useOutletContext, useParams } from "@remix-run/react";
import { PageError } from "~/components/page-error";
import { SectionLinks } from "~/components/tabs";
import { useText } from "~/i18n/text";
import type { AgentFrame } from "./orgs.$orgSlug.agents.$agentId";

export default function AgentSettingsFrame() {
  const t = useText();
  const { orgSlug, agentId } = useParams();
  const base = `/orgs/${orgSlug}/agents/${agentId}/settings`;
  return (
    <>
      <SectionLinks
        label={t.agentSettings.title}
        sections={[
          { to: base, label: t.topics.general, end: true },
          { to: `${base}/actions`, label: t.actions.tab },
          { to: `${base}/topics`, label: t.topics.tab },
          { to: `${base}/contact`, label: t.contact.tab },
          { to: `${base}/visitors`, label: t.visitors.tab },
        ]}
      />
      <Outlet context={useOutletContext<AgentFrame>()} />
    </>
  );
}

export const ErrorBoundary = PageError;
