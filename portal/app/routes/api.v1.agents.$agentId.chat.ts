import { pickLocale } from "@gpt-agent/core/locales";
import { askOf, chatRequest } from "~/http/chat-request";
import { uiMessageStream } from "~/http/event-stream";
import { idempotency } from "~/http/idempotency";
import { readJson } from "~/http/json-body";
import { limit, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { chat, responder, visitorApi } from "~/services.server";

/** Conversations on the portal's own pages are somebody trying an agent out, except on the demo site. */
const DEMO_AGENT = "demo";

const route = visitorRoute(visitorApi, {
  async POST(call) {
    // The agent's list of origins is checked by the database as the turn begins, in the same round trip.
    const who = await requireVisitor(call, { checkOrigin: false });
    chat.assertRoom();
    await limit(call, "messageAddress", call.address);
    await limit(call, "messageVisitor", who.visitorId);
    await limit(call, "messageAgent", who.agentId);
    const body = await readJson(call.request, chatRequest);
    const own = call.api.door.isOwn(who.origin);
    const { signal, headers } = call.request;
    const { runId, events } = await chat.ask(
      {
        orgId: who.orgId,
        agentId: who.agentId,
        visitorId: who.visitorId,
        origin: own ? null : who.origin,
        conversationId: body.id,
        channel: own && who.agentPublicId !== DEMO_AGENT ? "playground" : "widget",
        ask: askOf(body),
        locale: pickLocale(headers.get("accept-language")),
        pageUrl: pageOf(headers.get("referer")),
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

/** The page that a visitor writes from, as far as the browser tells. */
function pageOf(referer: string | null): string | undefined {
  return referer && referer.length <= 2_000 && /^https?:\/\//.test(referer) ? referer : undefined;
}
