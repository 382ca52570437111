import { Outlet, useLocation, useNavigation } from "@remix-run/react";
import { useText } from "~/i18n/text";
import { useSlowNavigation } from "./navigation-progress";
import { Card, Skeleton } from "./page";

/** The frame inside the organization's frame that a path belongs to, if any: one agent, one CRM, or the settings. */
const innerFrame = (path: string): string | null =>
  /^\/orgs\/[^/]+\/(?:agents\/[0-9a-f-]{36}|integrations\/crm\/[0-9a-f-]{36}|settings)(?=\/|$)/.exec(path)?.[0] ?? null;

/** State of a navigation that only gives the page on the screen another address: it stays there meanwhile. */
export type InPlace = { inPlace: true };

/**
 * The page inside a frame; while another page of this frame takes long to arrive, its rough shape.
 * @param inner whether this is the frame of one agent or of the settings, else the organization's
 */
export function PageOutlet({ inner, context }: { inner?: boolean; context?: unknown }) {
  const t = useText();
  const here = useLocation().pathname;
  const { state, location: next, formMethod } = useNavigation();
  const slow = useSlowNavigation(300);
  const inPlace = (next?.state as InPlace | null)?.inPlace === true;
  const leaving = slow && state === "loading" && !formMethod && next.pathname !== here && !inPlace;
  const staysInside = leaving && innerFrame(here) !== null && innerFrame(here) === innerFrame(next.pathname);
  if (leaving && staysInside === Boolean(inner)) {
    return (
      <div role="status" aria-label={t.common.loading} className="animate-fade">
        {!inner && <Skeleton className="mb-6 h-7 w-48" />}
        <Card as="div" className="divide-y divide-line">
          {[72, 56, 64, 48, 60].map((width) => (
            <div key={width} className="flex items-center gap-4 px-4 py-4">
              <Skeleton className="size-9 rounded-full" />
              <div className="flex-1 space-y-2">
                <div style={{ width: `${width}%` }}>
                  <Skeleton className="h-3.5" />
                </div>
                <Skeleton className="h-3 w-1/4" />
              </div>
            </div>
          ))}
        </Card>
      </div>
    );
  }
  return <Outlet context={context} />;
}
