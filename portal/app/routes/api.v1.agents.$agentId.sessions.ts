import type { VisitorSession } from "@gpt-agent/core/chat-events";
import { privateJson } from "~/http/api-route";
import { IdentityError, readIdentityToken } from "~/http/identity-token";
import { readJson } from "~/http/json-body";
import { sessionRequest } from "~/http/visitor-requests";
import { enterAgent, identityRefused, limit, visitorRoute } from "~/http/visitor-route";
import { chat, identityKeys, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async POST(call) {
    await limit(call, "session", call.address);
    const { door, origin } = await enterAgent(call);
    const { visitorToken, locale, identityToken } = await readJson(call.request, sessionRequest);
    if (!identityToken && door.settings.visitors.enforce) throw identityRefused();
    const isPreview = identityToken !== undefined && (await call.api.tokens.isPreview(identityToken, door.publicId));
    const identity = identityToken && !isPreview ? await readIdentity(identityToken, door) : null;
    const known = visitorToken ? await call.api.tokens.remember(visitorToken) : null;
    // A token of another agent or page, or none of ours, simply makes a new visitor.
    const visitorId = known?.agentId === door.agentId && known.origin === origin ? known.visitorId : null;
    const opened = await chat.openSession(door, visitorId, locale ?? null, identity);
    const { token, expiresAt } = await call.api.tokens.sign({
      visitorId: opened.visitorId,
      orgId: door.orgId,
      agentId: door.agentId,
      agentPublicId: door.publicId,
      origin,
      verified: identity !== null || isPreview,
    });
    const session: VisitorSession = { token, expiresAt: expiresAt.toISOString(), ...opened };
    return privateJson(session, { status: 201 });
  },
});
export const loader = route;
export const action = route;

async function readIdentity(token: string, door: { orgId: string; agentId: string; publicId: string }) {
  try {
    return await readIdentityToken(token, door.publicId, await identityKeys(door));
  } catch (error) {
    throw error instanceof IdentityError ? identityRefused(error.message, error) : error;
  }
}
