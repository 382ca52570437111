import { privateJson } from "~/http/api-route";
import { conversationParam } from "~/http/params";
import { limit, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { chat, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async GET(call) {
    const who = await requireVisitor(call);
    await limit(call, "visitor", who.visitorId);
    return privateJson(await chat.read(who, conversationParam(call.params.conversationId)));
  },
  async DELETE(call) {
    const who = await requireVisitor(call);
    await limit(call, "visitor", who.visitorId);
    await chat.erase(who, conversationParam(call.params.conversationId));
    return new Response(null, { status: 204 });
  },
});
export const loader = route;
export const action = route;
