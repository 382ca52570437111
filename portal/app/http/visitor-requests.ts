import { LOCALES } from "@gpt-agent/core/locales";
import { z } from "zod";
import { storable, storableText } from "~/api/storable-text";

/** POST /api/v1/agents/:agentId/sessions */
export const sessionRequest = z.strictObject({
  visitorToken: z.string().min(1).max(4_096).optional().meta({
    description: "An earlier token, also an expired one: the same visitor comes back.",
  }),
  locale: z
    .string()
    .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$/)
    .optional()
    .meta({ description: "The interface's language, as BCP 47 writes it.", examples: ["en-GB"] }),
  identityToken: z.string().min(1).max(10_000).optional().meta({
    description: "A JWT in which your server names the visitor: `sub`, `aud`, `exp`, and `email`, `phone`, `name` if you like.",
  }),
});

/** POST /api/v1/messages/:messageId/feedback */
export const feedbackRequest = z.strictObject({
  rating: z.enum(["up", "down"]),
  comment: z.string().trim().min(1).max(2_000).optional(),
});

const FIELDS_BYTES = 3_500;
const words = (max: number) => storableText(max).optional();

/** POST /api/v1/conversations/:conversationId/handoff */
export const handoffRequest = z.strictObject({ reason: words(500).meta({ description: "What it is about, in the visitor's words." }) });

/** POST /api/v1/conversations/:conversationId/lead */
export const leadRequest = z.strictObject({
  name: words(200),
  email: z
    .string()
    .max(254)
    .regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, { error: "is no e-mail address" })
    .transform((email) => storable(email).toLowerCase())
    .optional(),
  phone: z
    .string()
    .trim()
    .max(40)
    .regex(/^[\s()+.-]*(?:\d[\s()+.-]*){5,}$/, { error: "is no phone number" })
    .optional(),
  message: words(2_000),
  fields: z
    .record(z.string().regex(/^[\w.-]{1,40}$/), z.string().max(500).transform(storable))
    .refine((fields) => Buffer.byteLength(JSON.stringify(fields)) <= FIELDS_BYTES, { error: `may have ${FIELDS_BYTES} bytes` })
    .optional()
    .meta({ description: "Whatever else your page asks: up to 3,500 bytes as JSON." }),
  consent: z.boolean().optional().meta({ description: "Was the box ticked? Needed where the agent has a text for it." }),
  locale: z.enum(LOCALES).optional().meta({ description: "The language of the text beside the box." }),
});
export type LeadRequest = z.output<typeof leadRequest>;
