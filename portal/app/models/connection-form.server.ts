import { CRM_IDS } from "@gpt-agent/core/crm/crm";
import { crmSettings } from "@gpt-agent/core/crm/crm-settings";
import { z } from "zod";

/** An account's address as people paste it: "https://acme.bitrix24.ru/crm/" comes to "acme.bitrix24.ru". Whether it is the CRM's own, the adapter says. */
const domain = z
  .string()
  .trim()
  .max(500, { error: "tooLong" })
  .transform((text) =>
    text
      .replace(/^https?:\/\//i, "")
      .replace(/[/?#].*$/s, "")
      .toLowerCase(),
  )
  .refine((text) => text.length <= 253, { error: "tooLong" })
  .transform((text) => text || null)
  .default(null);

const where = { crm: z.enum(CRM_IDS), cloud: z.enum(["global", "ru"]), domain };

/** Connecting an account: by signing in at the CRM, or by a token that was made there. Messages are error codes of the dictionary. */
export const connectForm = z.discriminatedUnion("intent", [
  z.strictObject({ intent: z.literal("sign-in"), ...where }),
  z.strictObject({
    intent: z.literal("token"),
    ...where,
    token: z.string({ error: "required" }).trim().min(1, { error: "required" }).max(8_000, { error: "tooLong" }),
  }),
]);
export type ConnectForm = z.infer<typeof connectForm>;

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue({ code: "custom", message: "invalid" });
    return z.NEVER;
  }
});

/** What is sent and read, as the editor holds it: the whole settings as JSON, and the connection's name. */
export const settingsForm = z.strictObject({
  intent: z.literal("save"),
  name: z.string({ error: "required" }).trim().min(1, { error: "required" }).max(120, { error: "tooLong" }),
  settings: json.pipe(crmSettings),
});

/** What is tried in a dry run: settings as they stand in the editor, saved or not. */
export const previewForm = z.strictObject({ conversationId: z.uuid(), settings: json.pipe(crmSettings) });
