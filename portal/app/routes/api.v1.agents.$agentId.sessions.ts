import type { VisitorSession } from "@gpt-agent/core/chat-events";
import { AppError } from "@gpt-agent/core/errors";
import { privateJson } from "~/http/api-route";
import { readJson } from "~/http/json-body";
import { sessionRequest } from "~/http/visitor-requests";
import { enterAgent, limit, visitorRoute } from "~/http/visitor-route";
import { chat, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async POST(call) {
    await limit(call, "session", call.address);
    const { door, origin } = await enterAgent(call);
    const { visitorToken, locale, identityToken } = await readJson(call.request, sessionRequest);
    if (identityToken) throw new AppError("invalid_request", "Verified visitors (identityToken) are not supported yet. Leave it out.");
    const known = visitorToken ? await call.api.tokens.remember(visitorToken) : null;
    // A token of another agent or page, or none of ours, simply makes a new visitor.
    const visitorId = known?.agentId === door.agentId && known.origin === origin ? known.visitorId : null;
    const opened = await chat.openSession(door, visitorId, locale ?? null);
    const { token, expiresAt } = await call.api.tokens.sign({
      visitorId: opened.visitorId,
      orgId: door.orgId,
      agentId: door.agentId,
      agentPublicId: door.publicId,
      origin,
    });
    const session: VisitorSession = { token, expiresAt: expiresAt.toISOString(), ...opened };
    return privateJson(session, { status: 201 });
  },
});
export const loader = route;
export const action = route;
