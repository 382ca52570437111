import { useRevalidator } from "@remix-run/react";
import { useEffect, useState } from "react";

/** Loads the page's figures anew every so many milliseconds while somebody may be looking. */
export function useRenewed(everyMs: number): void {
  const { revalidate } = useRevalidator();
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && revalidate(), everyMs);
    return () => clearInterval(timer);
  }, [revalidate, everyMs]);
}

/** Whether figures have not been renewed for so many milliseconds: whatever they say, it may not be so any more. */
export function useIsOld(figures: unknown, afterMs: number): boolean {
  const [old, setOld] = useState<unknown>(null);
  useEffect(() => {
    const timer = setTimeout(() => setOld(figures), afterMs);
    return () => clearTimeout(timer);
  }, [figures, afterMs]);
  return old === figures;
}
