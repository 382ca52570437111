import { createHmac } from "node:crypto";
import { z } from "zod";
import { sameSecret } from "../same-secret.ts";
import type { CrmEvent, CrmInbound, InboundRequest } from "./crm.ts";
import { CrmError } from "./crm-error.ts";

/** How long before and after now a signed request is believed, in milliseconds. */
const TOLERANCE_MS = 300_000;

const event = z.object({
  eventId: z.union([z.number(), z.string()]),
  subscriptionId: z.union([z.number(), z.string()]).optional(),
  portalId: z.number().int(),
  occurredAt: z.number(),
  subscriptionType: z.string(),
  objectTypeId: z.string().optional(),
  objectId: z.number().int().optional(),
  primaryObjectId: z.number().int().optional(),
  newObjectId: z.number().int().optional(),
  mergedObjectIds: z.array(z.number().int()).max(1_000).optional(),
});

/** One address for the app, signed with its client secret: developers.hubspot.com/docs, "Validating requests" (v3) and "Webhooks". */
export const hubspotInbound: CrmInbound = {
  address: "app",
  subscribe: null,
  unsubscribe: null,
  verify({ method, url, headers, body }, { app }, now) {
    const timestamp = headers["x-hubspot-request-timestamp"] ?? "";
    const signature = headers["x-hubspot-signature-v3"] ?? "";
    if (!app?.clientSecret || !/^\d{1,16}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > TOLERANCE_MS) return false;
    const expected = createHmac("sha256", app.clientSecret)
      .update(`${method}${signedUri(url)}`)
      .update(body)
      .update(timestamp)
      .digest("base64");
    return sameSecret(signature, expected);
  },
  events,
};

/** These twelve characters of the address, and no others, are signed decoded. */
const signedUri = (url: string) => url.replace(/%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi, decodeURIComponent);

function events({ body }: InboundRequest): CrmEvent[] {
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new CrmError("malformed", "HubSpot's webhook is not JSON", { cause });
  }
  const read = z.array(z.unknown()).max(1_000).safeParse(json);
  if (!read.success) throw new CrmError("malformed", "HubSpot's webhook is not a list of events");
  return read.data.flatMap((one) => {
    const parsed = event.safeParse(one);
    return parsed.success ? eventsOf(parsed.data) : [];
  });
}

/** An event's own id is not unique and is the same when it is sent again; with whose, what and when it tells one event from all others. */
function eventsOf(given: z.output<typeof event>): CrmEvent[] {
  const [subject, what] = given.subscriptionType.split(".");
  if (subject !== "contact" && !(subject === "object" && given.objectTypeId === "0-1")) return [];
  const accountId = String(given.portalId);
  const make = (kind: CrmEvent["kind"], contactId: number | undefined): CrmEvent[] =>
    contactId === undefined
      ? []
      : [
          {
            id: [accountId, given.subscriptionId ?? "", given.eventId, given.occurredAt, contactId].join(":"),
            kind,
            contactId: String(contactId),
            accountId,
          },
        ];
  if (what === "merge") {
    const into = given.newObjectId ?? given.primaryObjectId ?? given.objectId;
    const gone = [given.primaryObjectId, ...(given.mergedObjectIds ?? [])].filter((id) => id !== into);
    return [...make("changed", into), ...gone.flatMap((id) => make("deleted", id))];
  }
  return make(what === "deletion" || what === "privacyDeletion" ? "deleted" : "changed", given.objectId);
}
