import type { ReactNode } from "react";
import { useText } from "~/i18n/text";
import { AccountMenu } from "../account-menu";
import { ButtonLink } from "../button";
import { TabLinks } from "../tabs";

/** Around the pages of those who run the platform: the way back, who is signed in, and the other pages. */
export function PlatformFrame({ email, children }: { email: string; children: ReactNode }) {
  const t = useText();
  return (
    <main id="content" tabIndex={-1} className="mx-auto w-full max-w-280 space-y-6 px-4 pt-5 pb-16 outline-none md:px-8 md:pt-8">
      <div className="flex items-center justify-between gap-4">
        <ButtonLink to="/orgs" look="ghost" size="sm">
          {t.platform.home}
        </ButtonLink>
        <AccountMenu email={email} runsPlatform compact />
      </div>
      <TabLinks
        label={t.platformStatus.pages}
        tabs={[
          { to: "/platform/status", label: t.platformStatus.title },
          { to: "/platform/queue", label: t.platform.title },
        ]}
      />
      {children}
    </main>
  );
}
