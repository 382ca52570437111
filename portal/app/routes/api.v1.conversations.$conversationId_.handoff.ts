import { AppError } from "@gpt-agent/core/errors";
import { requestHandoff } from "~/chat/contact";
import { privateJson } from "~/http/api-route";
import { readJson } from "~/http/json-body";
import { conversationParam } from "~/http/params";
import { handoffRequest } from "~/http/visitor-requests";
import { limit, placeOf, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { service, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async POST(call) {
    const who = await requireVisitor(call);
    await limit(call, "contactAddress", call.address);
    await limit(call, "contactVisitor", who.visitorId);
    const conversationId = conversationParam(call.params.conversationId);
    const { reason } = await readJson(call.request, handoffRequest);
    const { settings } = await call.api.door.find(who.agentPublicId);
    if (!settings.handoff.enabled) throw new AppError("conflict", "There is nobody behind this agent who could take over.");
    return privateJson(await requestHandoff(service, { ...who, ...placeOf(call, who), conversationId }, reason ?? null));
  },
});
export const loader = route;
export const action = route;
