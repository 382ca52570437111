import { z } from "zod";
import { sameSecret } from "../same-secret.ts";
import type { CrmCall, CrmInbound, InboundRequest } from "./crm.ts";
import { isNumericId, readAnswer, secretInAddress } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

const KINDS: Record<string, "changed" | "deleted"> = {
  ONCRMCONTACTADD: "changed",
  ONCRMCONTACTUPDATE: "changed",
  ONCRMCONTACTDELETE: "deleted",
};

/**
 * Events of Bitrix24 (events/event-bind, safe-event-handlers, crm/contacts/events): one in a request, a form in PHP's bracket notation.
 * The sender's own proof is `auth[application_token]`, which an account tells only to the app's installation address, never to somebody who
 * signs in by OAuth; there is nothing to compare it with. So the proof is our secret in the handler's address, and the event must carry
 * such a token and come from the account that we are connected to. Where an account is renamed its events are refused until somebody
 * signs in again; polling goes on meanwhile.
 * A body may hold working tokens of the person who made the change: nothing but what `events` returns may be kept of it.
 */
export const bitrix24Inbound: CrmInbound = {
  address: "connection",
  verify(request, secret) {
    const form = formOf(request);
    if (!sameSecret(secretInAddress(request), secret.connection)) return false;
    if (!/^[\w-]{16,64}$/.test(form.get("auth[application_token]") ?? "")) return false;
    return secret.accountId === null || sameSecret(form.get("auth[domain]")?.toLowerCase(), secret.accountId.toLowerCase());
  },
  events(request) {
    const form = formOf(request);
    const event = (form.get("event") ?? "").toUpperCase();
    const kind = Object.hasOwn(KINDS, event) ? KINDS[event]! : null;
    if (!kind) return [];
    const contactId = form.get("data[FIELDS][ID]") ?? "";
    const ts = form.get("ts") ?? "";
    if (!isNumericId(contactId) || !/^\d{1,12}$/.test(ts)) throw new CrmError("malformed", "The event names no contact or time");
    return [{ id: `${contactId}:${event}:${ts}`, kind, contactId, accountId: null }];
  },
  async subscribe(call, { url, secret }) {
    const handler = new URL(url);
    handler.searchParams.set("secret", secret);
    const bound = await handlersAt(call, url);
    // Binding the same twice is an error.
    for (const event of Object.keys(KINDS)) {
      if (bound.some((one) => one.event.toUpperCase() === event && one.handler === handler.href)) continue;
      await call({ method: "POST", path: "/event.bind", json: { event, handler: handler.href } });
    }
    // Without the secret: it is kept in the clear.
    return url;
  },
  async unsubscribe(call, subscription) {
    for (const { event, handler } of await handlersAt(call, subscription))
      await call({ method: "POST", path: "/event.unbind", json: { event, handler } });
  },
};

const handlers = z.object({ result: z.array(z.object({ event: z.string(), handler: z.string() })) });

/** Our handlers at an address, whatever their secret. */
async function handlersAt(call: CrmCall, url: string) {
  const all = readAnswer(handlers, await call({ method: "POST", path: "/event.get", json: {} })).result;
  return all.filter(({ event, handler }) => Object.hasOwn(KINDS, event.toUpperCase()) && handler.split("?")[0] === url.split("?")[0]);
}

const formOf = (request: InboundRequest) => new URLSearchParams(request.body.toString("utf8"));
