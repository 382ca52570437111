import { useParams } from "@remix-run/react";
import { TabLinks } from "~/components/tabs";
import { useText } from "~/i18n/text";

/** The parts of Integrations. */
export function IntegrationTabs() {
  const t = useText();
  const { orgSlug } = useParams();
  const base = `/orgs/${orgSlug}/integrations`;
  return (
    <TabLinks
      label={t.crm.tabs}
      tabs={[
        { to: `${base}/crm`, label: t.crm.tab },
        { to: `${base}/webhooks`, label: t.webhooks.title },
      ]}
    />
  );
}
