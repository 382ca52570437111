import { toolReply } from "@gpt-agent/core/chat-events";
import { readJson } from "~/http/json-body";
import { conversationParam, toolCallParam } from "~/http/params";
import { limit, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { chat, visitorApi } from "~/services.server";

/** What a waiting tool call gets: the visitor's consent, or the result of a tool of their page. */
const route = visitorRoute(visitorApi, {
  async POST(call) {
    const who = await requireVisitor(call);
    await limit(call, "visitor", who.visitorId);
    const reply = await readJson(call.request, toolReply);
    await chat.reply(who, conversationParam(call.params.conversationId), toolCallParam(call.params.toolCallId), reply);
    return new Response(null, { status: 204 });
  },
});
export const loader = route;
export const action = route;
