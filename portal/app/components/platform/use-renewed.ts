import { useRevalidator } from "@remix-run/react";
import { useEffect } from "react";

/** Loads the page's figures anew every so many milliseconds while somebody may be looking. */
export function useRenewed(everyMs: number): void {
  const { revalidate } = useRevalidator();
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && revalidate(), everyMs);
    return () => clearInterval(timer);
  }, [revalidate, everyMs]);
}
