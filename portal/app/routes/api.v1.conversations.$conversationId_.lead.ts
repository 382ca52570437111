import type { AgentSettings } from "@gpt-agent/core/agent-settings";
import { AppError } from "@gpt-agent/core/errors";
import { normalizePhone } from "@gpt-agent/core/phones";
import { captureLead, type Lead } from "~/chat/contact";
import { privateJson } from "~/http/api-route";
import { idempotencyKey, requestHash } from "~/http/idempotency";
import { readJson } from "~/http/json-body";
import { conversationParam } from "~/http/params";
import { type LeadRequest, leadRequest } from "~/http/visitor-requests";
import { limit, placeOf, requireVisitor, visitorRoute } from "~/http/visitor-route";
import { service, visitorApi } from "~/services.server";

const route = visitorRoute(visitorApi, {
  async POST(call) {
    const who = await requireVisitor(call);
    await limit(call, "contactAddress", call.address);
    await limit(call, "contactVisitor", who.visitorId);
    const conversationId = conversationParam(call.params.conversationId);
    const body = await readJson(call.request, leadRequest);
    const { settings } = await call.api.door.find(who.agentPublicId);
    const lead = leadOf(body, settings.leads);
    const hash = requestHash(body);
    // Without a key of its own, the same details in the same conversation are the same lead.
    const key = idempotencyKey(call.request.headers) ?? hash;
    const visit = { ...who, ...placeOf(call, who), conversationId };
    return privateJson(await captureLead(service, visit, lead, { key, requestHash: hash }), { status: 201 });
  },
});
export const loader = route;
export const action = route;

/** What was sent, held against what the agent asks. @throws AppError("conflict" | "invalid_request") */
function leadOf({ name, email, phone, message, fields, consent = false, locale = "en" }: LeadRequest, asks: AgentSettings["leads"]): Lead {
  if (asks.when === "off") throw new AppError("conflict", "This agent takes no contact details.");
  const given = { name, email, phone: phone === undefined ? undefined : normalizePhone(phone, locale) };
  for (const field of ["name", "email", "phone"] as const) {
    if (asks.fields[field] === "required" && !given[field]) throw new AppError("invalid_request", `${field}: is required`);
  }
  if (!given.email && !given.phone) throw new AppError("invalid_request", "email: an e-mail address or a phone number is needed");
  const consentText = asks.consent[locale] || asks.consent.en || asks.consent.ru;
  if (consentText && !consent) throw new AppError("invalid_request", "consent: is required");
  return {
    ...given,
    message,
    ...(fields ? { fields } : {}),
    ...(consentText ? { consent, consentText } : { consent: false }),
  };
}
