import { endConversation } from "~/chat/contact";
import { conversationParam } from "~/http/params";
import { limit, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { service, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async POST(call) {
    const who = await requireVisitor(call);
    await limit(call, "visitor", who.visitorId);
    await endConversation(service, who, conversationParam(call.params.conversationId));
    return new Response(null, { status: 204 });
  },
});
export const loader = route;
export const action = route;
