import { privateJson } from "~/http/api-route";
import { conversationParam } from "~/http/params";
import { limit, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { chat, visitorApi } from "~/services.server";

// The visitor's own copy, as a file.
const route = visitorRoute(visitorApi, {
  async GET(call) {
    const who = await requireVisitor(call);
    await limit(call, "visitor", who.visitorId);
    const { running: _, ...conversation } = await chat.read(who, conversationParam(call.params.conversationId));
    return privateJson(
      { exportedAt: new Date().toISOString(), ...conversation },
      { headers: { "content-disposition": 'attachment; filename="conversation.json"' } },
    );
  },
});
export const loader = route;
export const action = route;
