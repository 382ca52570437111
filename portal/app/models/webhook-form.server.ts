import { randomBytes } from "node:crypto";
import type { SecretBox } from "@gpt-agent/core/secrets";
import { WEBHOOK_TYPES, webhookSecretPlace, webhookType } from "@gpt-agent/core/webhook-events";
import { z } from "zod";

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
    .transform((text) => new URL(text).href);

const description = z.string().trim().max(200, { error: "tooLong" }).default("");

/** Ticked boxes come as `event:<type>=on`. */
function chosenEvents(fields: Record<string, string>): { events: string[]; rest: Record<string, string> } {
  const rest: Record<string, string> = {};
  const events: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const type = /^event:(.+)$/.exec(name)?.[1];
    if (type === undefined) rest[name] = value;
    else if (webhookType.safeParse(type).success) events.push(type);
  }
  return { events: WEBHOOK_TYPES.filter((type) => events.includes(type)), rest };
}

/** The fields of an endpoint's form with the chosen events gathered; messages are error codes of the dictionary. */
export function endpointForm(fields: Record<string, string>, allowed: string[], intent: "create" | "save") {
  const { events, rest } = chosenEvents(fields);
  const schema = z.strictObject({
    intent: z.literal(intent),
    url: address(allowed),
    description,
    events: z.array(webhookType).min(1, { error: "webhookEvents" }),
  });
  return { schema, fields: { ...rest, events } };
}
