import { useRevalidator } from "@remix-run/react";
import { useEffect } from "react";

const LOOK_AGAIN_MS = 2_000;

/** Asks the page's loaders anew every two seconds while something is under way and the page is seen. */
export function useFollowing(busy: boolean): void {
  const { revalidate, state } = useRevalidator();
  useEffect(() => {
    if (!busy || state !== "idle") return;
    const timer = setInterval(() => document.visibilityState === "visible" && revalidate(), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [busy, state, revalidate]);
}
