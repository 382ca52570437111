import { privateJson } from "~/http/api-route";
import { indexOr404, uuidOr404 } from "~/http/params";
import { limit, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { chat, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async GET(call) {
    const who = await requireVisitor(call);
    await limit(call, "visitor", who.visitorId);
    return privateJson(await chat.citedPassage(who, uuidOr404(call.params.messageId), indexOr404(call.params.index)));
  },
});
export const loader = route;
export const action = route;
