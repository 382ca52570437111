const OURS = "https://portal.invalid";

/**
 * The path to go to after signing in, from a query parameter or form field that anyone may have written: a path of this
 * site, or `fallback`. Parsed as browsers parse it, since they read "/\evil.com" and "/%09/evil.com" in their own ways.
 */
export function safeRedirect(to: unknown, fallback = "/"): string {
  if (typeof to !== "string" || to.length > 2_000 || !/^\/(?![/\\])/.test(to)) return fallback;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(to) || !URL.canParse(to, OURS)) return fallback;
  const url = new URL(to, OURS);
  // A path that decodes or normalizes into //host would leave the site at the next hop.
  let decoded: string;
  try {
    decoded = decodeURIComponent(url.pathname);
  } catch {
    return fallback;
  }
  if (url.origin !== OURS || /^\/[/\\]/.test(url.pathname) || /^\/+[\s/\\]/.test(decoded) || decoded.includes("\\")) return fallback;
  return url.pathname + url.search + url.hash;
}
