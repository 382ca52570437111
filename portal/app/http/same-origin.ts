const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether a request that may change something was sent by another site's page (cross-site request forgery). Browsers name
 * the sender in Sec-Fetch-Site, or at least in Origin; a request that carries neither is refused too, since no browser of
 * ours sends one. The visitor and developer APIs are not asked: they know their callers by tokens, not by cookies.
 */
export function isCrossSite(request: { method: string; headers: Headers }): boolean {
  if (SAFE_METHODS.has(request.method.toUpperCase())) return false;
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin";
  const origin = request.headers.get("origin");
  const host = request.headers.get("host");
  if (!origin || !host || !URL.canParse(origin)) return true;
  // Hosts alone are compared: behind a proxy that ends TLS we cannot see the scheme, and no page can choose its Host.
  return new URL(origin).host !== host.toLowerCase();
}
