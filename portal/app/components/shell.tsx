import { NavLink } from "@remix-run/react";
import { Bot, Contact, MessagesSquare, Plug, Settings, WifiOff } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useText } from "~/i18n/text";
import type { Organization } from "~/models/organization.server";
import { allows, type Role } from "~/models/role";
import { AccountMenu } from "./account-menu";
import { classNames } from "./class-names";
import { OrgMenu } from "./org-menu";

type Props = { org: Organization; role: Role; organizations: Organization[]; email: string; runsPlatform: boolean; children: ReactNode };

/** The frame of everything behind sign-in: a sidebar on wide screens, a bar at the top and one at the bottom on phones. */
export function Shell({ org, role, organizations, email, runsPlatform, children }: Props) {
  const t = useText();
  const entries = [
    { to: `/orgs/${org.slug}/agents`, icon: Bot, label: t.shell.agents },
    { to: `/orgs/${org.slug}/conversations`, icon: MessagesSquare, label: t.shell.conversations },
    { to: `/orgs/${org.slug}/leads`, icon: Contact, label: t.shell.leads },
    ...(allows(role, "admin") ? [{ to: `/orgs/${org.slug}/integrations`, icon: Plug, label: t.shell.integrations }] : []),
    { to: `/orgs/${org.slug}/settings`, icon: Settings, label: t.shell.settings },
  ];
  return (
    <div className="min-h-dvh md:pl-60">
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md bg-raised px-4 py-2 font-medium shadow-float focus:translate-y-0"
      >
        {t.common.skipToContent}
      </a>

      <header className="sticky top-0 z-20 flex items-center justify-between gap-2 border-b border-line bg-page/95 px-2 py-1.5 md:hidden">
        <div className="min-w-0 max-w-64 flex-1">
          <OrgMenu current={org} organizations={organizations} />
        </div>
        <AccountMenu email={email} runsPlatform={runsPlatform} compact />
      </header>

      <aside className="fixed inset-y-0 left-0 hidden w-60 flex-col border-r border-line bg-surface p-3 md:flex">
        <OrgMenu current={org} organizations={organizations} />
        <nav aria-label={t.shell.navigation} className="mt-4 flex-1 space-y-0.5">
          {entries.map(({ to, icon: Icon, label }) => (
            <NavLink
              key={to}
              to={to}
              prefetch="intent"
              className={({ isActive }) =>
                classNames(
                  "flex h-9 items-center gap-2.5 rounded-md px-2.5 font-medium transition-colors",
                  isActive ? "bg-accent-soft text-accent-ink" : "text-muted hover:bg-hover hover:text-ink",
                )
              }
            >
              <Icon aria-hidden className="size-4.5" />
              {label}
            </NavLink>
          ))}
        </nav>
        <AccountMenu email={email} runsPlatform={runsPlatform} />
      </aside>

      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-280 px-4 pt-5 pb-28 outline-none md:px-8 md:pt-8 md:pb-16">
        <OfflineNotice />
        {children}
      </main>

      <nav
        aria-label={t.shell.navigation}
        className="fixed inset-x-0 bottom-0 z-20 grid auto-cols-fr grid-flow-col border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
      >
        {entries.map(({ to, icon: Icon, label }) => (
          <NavLink
            key={to}
            to={to}
            className={({ isActive }) =>
              classNames(
                "flex h-14 flex-col items-center justify-center gap-0.5 text-xs font-medium",
                isActive ? "text-accent-ink" : "text-muted",
              )
            }
          >
            <Icon aria-hidden className="size-5" />
            {label}
          </NavLink>
        ))}
      </nav>
    </div>
  );
}

/** Says that the network is gone, while it is. */
function OfflineNotice() {
  const t = useText();
  const [offline, setOffline] = useState(false);
  useEffect(() => {
    const update = () => setOffline(!navigator.onLine);
    update();
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  return (
    <div role="status">
      {offline && (
        <p className="mb-5 flex items-center gap-3 rounded-lg bg-warning-soft px-4 py-3 text-warning-ink">
          <WifiOff aria-hidden className="size-4 shrink-0" />
          {t.shell.offline}
        </p>
      )}
    </div>
  );
}
