import { noteOrg } from "@gpt-agent/core/correlation";
import { AppError } from "@gpt-agent/core/errors";
import type { Log } from "@gpt-agent/core/log";
import { type ApiCall, type Handlers, pickHandler, type RouteArgs, renderError, withMethods } from "./api-route.ts";
import { clientAddress, type TrustedProxies } from "./client-address.ts";
import type { Limiter, LimitName } from "./limiter/limiter.ts";
import { problem } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import type { Door, VisitorDoor } from "./visitor-door.ts";
import type { VisitorClaims, VisitorTokens } from "./visitor-token.ts";

/** What the visitor API's routes need of the outside. */
export type VisitorApi = { door: VisitorDoor; tokens: VisitorTokens; limiter: Limiter; trustedProxies: TrustedProxies; log: Log };

export type VisitorCall = ApiCall & {
  api: VisitorApi;
  address: string;
  /** The page's origin as the browser sent it; null when there is no header. */
  origin: string | null;
  /** The origin that may read the answer, once it is known to be allowed. */
  readableBy: string | null;
};

const EXPOSED = "retry-after, x-request-id, x-vercel-ai-ui-message-stream";
const ALLOWED_HEADERS = "authorization, content-type, idempotency-key, last-event-id, x-request-id";
const notAllowed = () =>
  new AppError("origin_not_allowed", "This site may not talk to the agent. Add its origin to the agent's allowed origins.");

/** The agent talks to verified visitors alone, and this is none. */
export const identityRefused = (reason = "This agent only talks to signed-in visitors: an identity token is needed.", cause?: unknown) =>
  new AppError("unauthenticated", reason, { cause });

/** Conversations on the portal's own pages are somebody trying an agent out, except on the demo site. */
const DEMO_AGENT = "demo";

/** Where a visitor writes from, as conversations keep it; origin null for the portal's own pages, which no list holds. */
export function placeOf(
  call: VisitorCall,
  who: VisitorClaims,
): { origin: string | null; channel: "playground" | "widget"; pageUrl?: string } {
  const own = call.api.door.isOwn(who.origin);
  const page = call.request.headers.get("referer");
  return {
    origin: own ? null : who.origin,
    channel: own && who.agentPublicId !== DEMO_AGENT ? "playground" : "widget",
    ...(page && page.length <= 2_000 && /^https?:\/\//.test(page) ? { pageUrl: page } : {}),
  };
}

/** Counts one use of a limit. @throws AppError("rate_limited") */
export const limit = (call: VisitorCall, name: LimitName, key: string) => call.api.limiter.enforce([name, key]);

/**
 * The agent that a path names, for a page that may talk to it. An absent Origin is let in: browsers leave it out of
 * same-origin GETs alone, and what anyone may look at is no secret.
 * @throws AppError("not_found" | "origin_not_allowed")
 */
export async function seeAgent(call: VisitorCall): Promise<Door> {
  const door = await call.api.door.find(call.params.agentId ?? "");
  noteOrg(door.orgId);
  if (call.origin !== null && !call.api.door.admits(door, call.origin)) throw notAllowed();
  call.readableBy = call.origin;
  return door;
}

/** As seeAgent, for calls that browsers never send without an Origin. */
export async function enterAgent(call: VisitorCall): Promise<{ door: Door; origin: string }> {
  const door = await seeAgent(call);
  if (call.origin === null) throw notAllowed();
  return { door, origin: call.origin };
}

/**
 * The visitor whose token a call carries, used from the origin it was made for; asks nothing of the database. An absent Origin passes
 * only for the portal's own pages, whose GETs carry none. Whether the agent lets them in is for admitVisitor to say.
 * @throws AppError("unauthenticated" | "origin_not_allowed")
 */
export async function recogniseVisitor(call: VisitorCall): Promise<VisitorClaims> {
  const { door, tokens } = call.api;
  const [, token] = /^Bearer (\S+)$/i.exec(call.request.headers.get("authorization") ?? "") ?? [];
  const who = token ? await tokens.verify(token) : null;
  if (!who || (call.params.agentId !== undefined && call.params.agentId !== who.agentPublicId)) {
    throw new AppError("unauthenticated", "The session is missing, expired or for another agent. Open a new one.");
  }
  if (call.origin === null ? !door.isOwn(who.origin) : call.origin !== who.origin) throw notAllowed();
  // What got a token may read why it is refused; not, though, once its page is found to be no longer listed (visitorRoute).
  call.readableBy = call.origin;
  noteOrg(who.orgId);
  return who;
}

/**
 * Lets a recognised visitor in: the agent still lists their page, and talks to visitors like them.
 * @param options.checkOrigin false when the database checks the agent's list in the same call
 * @throws AppError("unauthenticated" | "origin_not_allowed")
 */
export async function admitVisitor(call: VisitorCall, who: VisitorClaims, { checkOrigin }: { checkOrigin: boolean }): Promise<void> {
  const { door } = call.api;
  if (checkOrigin && !door.admits(await door.find(who.agentPublicId), who.origin)) throw notAllowed();
  // A session from before the agent was closed to unknown visitors.
  if (!who.verified && (await door.find(who.agentPublicId)).settings.visitors.enforce) throw identityRefused();
}

/** The visitor who makes a call, recognised and let in. @throws AppError("unauthenticated" | "origin_not_allowed") */
export async function requireVisitor(call: VisitorCall): Promise<VisitorClaims> {
  const who = await recogniseVisitor(call);
  await admitVisitor(call, who, { checkOrigin: true });
  return who;
}

/** May the page that asked read an answer that no handler has vouched for (a preflight, an early error)? */
async function mayRead(call: VisitorCall): Promise<boolean> {
  if (call.origin === null) return false;
  const { door } = call.api;
  if (call.params.agentId === undefined) return door.isKnown(call.origin);
  const agent = await door.find(call.params.agentId).catch(() => null);
  return agent ? door.admits(agent, call.origin) : door.isKnown(call.origin);
}

async function preflight(call: VisitorCall, methods: string[]): Promise<Response> {
  const allow = [...methods, "OPTIONS"].join(", ");
  if (call.origin === null) return new Response(null, { status: 204, headers: { allow } });
  if (!(await mayRead(call))) throw notAllowed();
  call.readableBy = call.origin;
  const headers = {
    "access-control-allow-methods": allow,
    "access-control-allow-headers": ALLOWED_HEADERS,
    "access-control-max-age": "600",
  };
  return new Response(null, { status: 204, headers });
}

/** CORS without credentials: only an origin that was checked is named, and caches are told that it matters. */
function withCors(response: Response, call: VisitorCall): Response {
  response.headers.append("vary", "Origin");
  response.headers.set("x-request-id", call.requestId);
  if (call.readableBy !== null) {
    response.headers.set("access-control-allow-origin", call.readableBy);
    response.headers.set("access-control-expose-headers", EXPOSED);
  }
  return response;
}

/**
 * A loader and action in one for a route of the visitor API: preflights, methods, CORS on every answer (errors too) and
 * problem+json for whatever is thrown. Cookies are neither read nor set.
 */
export function visitorRoute(openApi: () => VisitorApi, handlers: Handlers<VisitorCall>) {
  const serve = async ({ request, params }: RouteArgs): Promise<Response> => {
    const api = openApi();
    const requestId = requestIdOf(request);
    const call: VisitorCall = {
      request,
      params,
      requestId,
      api,
      log: api.log.with({ requestId }),
      address: clientAddress(request, api.trustedProxies),
      origin: request.headers.get("origin"),
      readableBy: null,
    };
    try {
      if (request.method === "OPTIONS") return withCors(await preflight(call, Object.keys(handlers)), call);
      return withCors(await pickHandler(handlers, request.method)(call), call);
    } catch (thrown) {
      const response = renderError(thrown, call, problem);
      if (response.status === 405) response.headers.set("allow", [...Object.keys(handlers), "OPTIONS"].join(", "));
      const refused = thrown instanceof AppError && thrown.code === "origin_not_allowed";
      if (refused) call.readableBy = null;
      else if (call.readableBy === null && (await mayRead(call).catch(() => false))) call.readableBy = call.origin;
      return withCors(response, call);
    }
  };
  return withMethods(serve, handlers);
}
