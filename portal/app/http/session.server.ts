import { userDb } from "@gpt-agent/core/db";
import type { Locale } from "@gpt-agent/core/locales";
import { createServerClient, parseCookieHeader, serializeCookieHeader } from "@supabase/ssr";
import { isCrossSite } from "~/http/same-origin";
import { dbConfig, env } from "~/services.server";

/** Who is signed in: `accessToken` opens the database as them. */
export type Session = { user: { id: string; email: string }; accessToken: string };

const https = env.APP_URL.startsWith("https:");
/** `__Host-` ties a cookie to this very host over https; browsers refuse the prefix on plain http. */
export const SESSION_COOKIE = https ? "__Host-gap-session" : "gap-session";
const cookieOptions = { name: SESSION_COOKIE, path: "/", httpOnly: true, sameSite: "lax", secure: https } as const;

const isSessionCookie = (name: string) =>
  name === SESSION_COOKIE || name.startsWith(`${SESSION_COOKIE}.`) || name.startsWith(`${SESSION_COOKIE}-`);

function sessionCookies(request: Request): { name: string; value: string }[] {
  return parseCookieHeader(request.headers.get("cookie") ?? "").flatMap(({ name, value }) =>
    value !== undefined && isSessionCookie(name) ? [{ name, value }] : [],
  );
}

/**
 * Supabase Auth on the cookies of a request. What it wants to set gathers in `headers`, which the answer must carry.
 * Throws 403 for a request that another site's page sent (T30).
 */
export function openAuth(request: Request) {
  refuseCrossSite(request);
  const jar = new Map(sessionCookies(request).map(({ name, value }) => [name, value]));
  const headers = new Headers();
  const { auth } = createServerClient(dbConfig.url, dbConfig.publishableKey, {
    cookieOptions,
    cookies: {
      getAll: () => [...jar].map(([name, value]) => ({ name, value })),
      setAll(cookies) {
        for (const { name, value, options } of cookies) {
          if (value) jar.set(name, value);
          else jar.delete(name);
          headers.append("Set-Cookie", serializeCookieHeader(name, value, { ...options, ...cookieOptions }));
        }
      },
    },
  });
  return { auth, headers };
}

type Auth = ReturnType<typeof openAuth>["auth"];

/**
 * Keeps the language of whoever is signed in with their account: e-mails are written in it (mails, begin_mail). Nothing happens when nobody
 * is; a failure costs no more than the language of a mail, so it is passed over.
 */
export async function keepLanguage(auth: Auth, locale: Locale, known?: { user_metadata: Record<string, unknown> } | null): Promise<void> {
  // What they chose stays when they sign in on a device that speaks another language.
  if (known?.user_metadata.locale) return;
  await auth.updateUser({ data: { locale } });
}

/** Throws 403 when another site's page sent a request that may change something. */
export function refuseCrossSite(request: Request): void {
  if (isCrossSite(request)) throw new Response("Cross-site requests are refused.", { status: 403 });
}

type Opened = { session: Session | null; setCookies: string[] };

/**
 * Sessions being opened, by the cookies that name them. One page asks several times at once (each loader does), and a
 * refresh token works once: so those requests share one call. A rotated session is kept half a minute for requests that
 * were already on their way with the old cookies, and for the answer that hands the new ones over.
 */
const opening = new Map<string, Promise<Opened>>();
const ROTATED_FOR_MS = 30_000;

const cookieKey = (request: Request) => JSON.stringify(sessionCookies(request).sort((a, b) => a.name.localeCompare(b.name)));

async function open(request: Request): Promise<Opened> {
  const { auth, headers } = openAuth(new Request(request.url, { headers: request.headers }));
  // Asks Supabase Auth itself, so that a session ended elsewhere is over here with the next request.
  const { data } = await auth.getUser();
  if (!data.user) return { session: null, setCookies: headers.getSetCookie() };
  const { data: held } = await auth.getSession();
  if (!held.session) return { session: null, setCookies: headers.getSetCookie() };
  return {
    session: { user: { id: data.user.id, email: data.user.email ?? "" }, accessToken: held.session.access_token },
    setCookies: headers.getSetCookie(),
  };
}

/** The signed-in person, or null. Throws 403 for a cross-site request that may change something. */
export async function readSession(request: Request): Promise<Session | null> {
  refuseCrossSite(request);
  if (!sessionCookies(request).length) return null;
  const key = cookieKey(request);
  const known = opening.get(key);
  if (known) {
    const { session } = await known;
    // A rotated session is checked again each time: it may have been ended since.
    if (session && rotated.has(key)) return (await isAlive(session)) ? session : null;
    return session;
  }
  const opened = open(request);
  opening.set(key, opened);
  const forget = () => {
    opening.delete(key);
    rotated.delete(key);
  };
  opened.then(({ setCookies }) => {
    if (!setCookies.length) return forget();
    rotated.set(key, setCookies);
    setTimeout(forget, ROTATED_FOR_MS).unref();
  }, forget);
  return (await opened).session;
}

/** Set-Cookie lines that a refreshed session still owes to whoever sends the old cookies. */
const rotated = new Map<string, string[]>();

async function isAlive(session: Session): Promise<boolean> {
  const { auth } = userDb(dbConfig, session.accessToken);
  const { data } = await auth.getUser(session.accessToken);
  return data.user !== null;
}

/** Adds the cookies of a session that was refreshed on the way, unless the answer already decides about the session. */
export function handOverCookies(request: Request, headers: Headers): void {
  if (headers.getSetCookie().some((line) => line.startsWith(SESSION_COOKIE))) return;
  for (const line of rotated.get(cookieKey(request)) ?? []) headers.append("Set-Cookie", line);
}
