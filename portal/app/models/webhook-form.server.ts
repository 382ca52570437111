import { randomBytes } from "node:crypto";
import type { SecretBox } from "@gpt-agent/core/secrets";
import { WEBHOOK_TYPES, webhookSecretPlace, webhookType } from "@gpt-agent/core/webhook-events";
import { z } from "zod";
import { storable } from "~/api/storable-text";

/** A signing secret of 32 random bytes, as Standard Webhooks writes it: itself, to be shown once, and sealed for its endpoint. */
export function freshSecret(box: SecretBox, by: { orgId: string; endpointId: string }): { secret: string; sealedSecret: string } {
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  return { secret, sealedSecret: box.seal(secret, webhookSecretPlace(by.orgId, by.endpointId)) };
}

/**
 * An endpoint's address: https, without user name and password; http only for origins that the operator vouches for
 * (EGRESS_ALLOW). Whether it leads to the public internet is checked at each delivery.
 */
const address = (allowed: string[]) =>
  z
    .string({ error: "required" })
    .trim()
    .min(1, { error: "required" })
    .max(2_000, { error: "tooLong" })
    .refine(
      (text) => {
        if (!URL.canParse(text)) return false;
        const url = new URL(text);
        return (url.protocol === "https:" || allowed.includes(url.origin)) && !url.username && !url.password && !url.hash;
      },
      { error: "webhookUrl" },
    )
    .transform((text) => new URL(text).href)
    // Letters of other alphabets grow when they are escaped.
    .pipe(z.string().max(2_000, { error: "tooLong" }));

/**
 * What an endpoint is made of, for the portal's form and the developer API alike; messages are error codes of the dictionary. Events come
 * out once each, in the order of the catalogue.
 * @param allowed origins that need not be https (EGRESS_ALLOW)
 */
export const endpointRules = (allowed: string[]) => ({
  url: address(allowed),
  description: z.string().max(200, { error: "tooLong" }).transform(storable),
  events: z
    .array(webhookType)
    .min(1, { error: "webhookEvents" })
    .max(100)
    .transform((chosen) => WEBHOOK_TYPES.filter((type) => chosen.includes(type))),
});

/** Ticked boxes come as `event:<type>=on`. */
function chosenEvents(fields: Record<string, string>): { events: string[]; rest: Record<string, string> } {
  const rest: Record<string, string> = {};
  const events: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const type = /^event:(.+)$/.exec(name)?.[1];
    if (type === undefined) rest[name] = value;
    else if (webhookType.safeParse(type).success) events.push(type);
  }
  return { events, rest };
}

/** The fields of an endpoint's form with the chosen events gathered; messages are error codes of the dictionary. */
export function endpointForm(fields: Record<string, string>, allowed: string[], intent: "create" | "save") {
  const { events, rest } = chosenEvents(fields);
  const { url, description, events: known } = endpointRules(allowed);
  const schema = z.strictObject({ intent: z.literal(intent), url, description: description.default(""), events: known });
  return { schema, fields: { ...rest, events } };
}
