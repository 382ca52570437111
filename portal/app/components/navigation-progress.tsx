import { useNavigation } from "@remix-run/react";
import { useEffect, useState } from "react";
import { useText } from "~/i18n/text";

/** Whether a page has been loading for longer than a blink, so that quick pages show no flicker. */
export function useSlowNavigation(delay = 180): boolean {
  const { state } = useNavigation();
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (state === "idle") {
      setSlow(false);
      return;
    }
    const timer = setTimeout(() => setSlow(true), delay);
    return () => clearTimeout(timer);
  }, [state, delay]);
  return slow;
}

/** A thin bar at the top while a page is on its way. */
export function NavigationProgress() {
  const t = useText();
  const slow = useSlowNavigation();
  return (
    <div role="status" aria-live="polite" className="pointer-events-none fixed inset-x-0 top-0 z-50 h-0.5 overflow-hidden">
      {slow && <div className="h-full w-full animate-pulse bg-accent" />}
      <span className="sr-only">{slow ? t.common.loading : ""}</span>
    </div>
  );
}
