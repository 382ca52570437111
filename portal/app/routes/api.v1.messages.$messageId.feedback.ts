import { readJson } from "~/http/json-body";
import { uuidOr404 } from "~/http/params";
import { feedbackRequest } from "~/http/visitor-requests";
import { limit, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { chat, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async POST(call) {
    const who = await requireVisitor(call);
    await limit(call, "visitor", who.visitorId);
    const messageId = uuidOr404(call.params.messageId);
    const { rating, comment } = await readJson(call.request, feedbackRequest);
    await chat.rate(who, messageId, rating, comment?.replaceAll("\u0000", "") ?? null);
    return new Response(null, { status: 204 });
  },
});
export const loader = route;
export const action = route;
