import { parseCookieHeader, serializeCookieHeader } from "@supabase/ssr";
import { env } from "~/services.server";

const NAME = "gap-org";

/** The slug of the organization this browser was last in, if any; it proves nothing and only picks a start page. */
export const lastOrganization = (request: Request): string | undefined =>
  parseCookieHeader(request.headers.get("cookie") ?? "").find(({ name }) => name === NAME)?.value;

/** The Set-Cookie line that remembers an organization. */
export const rememberOrganization = (slug: string): string =>
  serializeCookieHeader(NAME, slug, {
    path: "/",
    maxAge: 365 * 24 * 3_600,
    sameSite: "lax",
    httpOnly: true,
    secure: env.APP_URL.startsWith("https:"),
  });
