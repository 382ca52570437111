import { pickLocale } from "@gpt-agent/core/locales";
import { uiMessageStream } from "~/http/event-stream";
import { conversationParam } from "~/http/params";
import { limit, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { chat, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async GET(call) {
    const who = await requireVisitor(call);
    await limit(call, "visitor", who.visitorId);
    const { signal, headers } = call.request;
    const following = await chat.resume(who, conversationParam(call.params.conversationId), {
      lastEventId: headers.get("last-event-id"),
      locale: pickLocale(headers.get("accept-language")),
      signal,
    });
    if (!following) return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    return uiMessageStream(following.runId, following.events, signal);
  },
});
export const loader = route;
export const action = route;
