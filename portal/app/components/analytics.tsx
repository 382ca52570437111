import type { Analytics as Counter } from "~/http/analytics";
import { useNonce } from "./nonce";

/** The script that counts visits, where whoever runs the platform wants one. Plausible reads data-domain, Umami data-website-id. */
export function Analytics({ counter }: { counter: Counter | null }) {
  const nonce = useNonce();
  if (!counter) return null;
  const { src, site } = counter;
  // The browser hides nonces from the page, so React finds none when it takes the page over.
  return <script defer src={src} nonce={nonce} data-domain={site} data-website-id={site} suppressHydrationWarning />;
}
