import { pickLocale } from "@gpt-agent/core/locales";
import { askOf, chatRequest } from "~/http/chat-request";
import { uiMessageStream } from "~/http/event-stream";
import { idempotency } from "~/http/idempotency";
import { readJson } from "~/http/json-body";
import { admitVisitor, limit, placeOf, recogniseVisitor, visitorRoute } from "~/http/visitor-route";
import { chat, responder, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async POST(call) {
    const who = await recogniseVisitor(call);
    // Before anything is asked of the database: with too much to do, it would keep those who are refused waiting as well.
    chat.assertRoom();
    // The agent's list of origins is checked by the database as the turn begins, in the same round trip.
    await admitVisitor(call, who, { checkOrigin: false });
    await limit(call, "messageAddress", call.address);
    await limit(call, "messageVisitor", who.visitorId);
    await limit(call, "messageAgent", who.agentId);
    const body = await readJson(call.request, chatRequest);
    const { signal, headers } = call.request;
    const { runId, events } = await chat.ask(
      {
        orgId: who.orgId,
        agentId: who.agentId,
        visitorId: who.visitorId,
        verified: who.verified,
        ...placeOf(call, who),
        conversationId: body.id,
        ask: askOf(body),
        locale: pickLocale(headers.get("accept-language")),
        responder: responder.kind,
        idempotency: idempotency(headers, `visitor:${who.visitorId}`, body),
      },
      signal,
      { clientTools: body.clientTools ?? [] },
    );
    return uiMessageStream(runId, events, signal);
  },
});
export const loader = route;
export const action = route;
