import { readConversation } from "~/api/conversations";
import { carriesApiKey, requireApiKey } from "~/http/api-key-guard";
import { privateJson } from "~/http/api-route";
import { conversationParam } from "~/http/params";
import { limit, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { apiKeys, chat, service, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  /** For its visitor, by the id that their browser chose; for an API key, by our id. */
  async GET(call) {
    if (carriesApiKey(call.request.headers)) {
      const { orgId } = await requireApiKey(call, apiKeys, "read");
      return privateJson(await readConversation(service, { orgId, conversationId: conversationParam(call.params.conversationId) }));
    }
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
