import { z } from "zod";

/** What a field of a contact or deal can be filled from: what a visitor told or proved, and what came of the conversation. */
export const OUR_FIELDS = [
  "name",
  "first_name",
  "last_name",
  "email",
  "phone",
  "external_id",
  "lead_message",
  "agent_name",
  "conversation_url",
  "conversation_title",
  "summary",
  "page_url",
  "locale",
  "first_seen_at",
] as const;
export type OurField = (typeof OUR_FIELDS)[number];

/**
 * One line of the field map. `out` writes ours to theirs, `in` keeps theirs beside the visitor, `both` does both; what only comes in has no
 * field of ours.
 */
const mapping = z
  .strictObject({
    object: z.enum(["contact", "deal"]),
    ours: z.enum(OUR_FIELDS).nullable(),
    theirs: z.string().min(1).max(200),
    label: z.string().max(200),
    direction: z.enum(["out", "in", "both"]),
    /** Whether the agent may be told the value, of a verified visitor. */
    agentMayRead: z.boolean().default(false),
  })
  .refine((line) => line.direction === "in" || line.ours !== null, { error: "required", path: ["ours"] })
  .refine((line) => line.direction === "out" || line.object === "contact", { error: "inOnlyContacts", path: ["direction"] });
export type FieldMapping = z.infer<typeof mapping>;

/**
 * What becomes of a contact that is there already: only its empty fields are filled, ours goes before theirs where both differ, or it stays
 * as it is. What a visitor merely typed never replaces a name, e-mail or phone (contact-plan.ts).
 */
export const CONFLICT_RULES = ["fill_empty", "ours", "theirs"] as const;

/** A connection's settings: when something is written, what, and what is read. Strict; kept as JSON in `connections.settings`. */
export const crmSettings = z.strictObject({
  /** Agents whose conversations are synced; null for all. */
  agentIds: z.array(z.uuid()).max(100).nullable(),
  triggers: z.strictObject({
    leadCaptured: z.boolean(),
    handoffRequested: z.boolean(),
    conversationEnded: z.boolean(),
    /** A conversation counts as qualified with so many questions, or when a question holds one of these words. */
    qualified: z
      .strictObject({ minQuestions: z.number().int().min(1).max(50).nullable(), words: z.array(z.string().trim().min(2).max(60)).max(50) })
      .nullable(),
  }),
  write: z.strictObject({
    deal: z.boolean(),
    summaryNote: z.boolean(),
    transcriptNote: z.boolean(),
    tags: z.array(z.string().trim().min(1).max(50)).max(10),
  }),
  fields: z.array(mapping).max(60),
  conflict: z.enum(CONFLICT_RULES),
  /** Whether contacts come in at all. */
  pull: z.boolean(),
  /** Whether what we wrote is removed there when a conversation or visitor is erased here. */
  propagateErasure: z.boolean(),
});
export type CrmSettings = z.infer<typeof crmSettings>;

/** What a new connection begins with: leads become contacts with a summary; nothing is read yet. */
export const DEFAULT_CRM_SETTINGS: CrmSettings = {
  agentIds: null,
  triggers: { leadCaptured: true, handoffRequested: true, conversationEnded: false, qualified: null },
  write: { deal: false, summaryNote: true, transcriptNote: false, tags: [] },
  fields: [],
  conflict: "fill_empty",
  pull: false,
  propagateErasure: true,
};

/** Where a connection's sealed grant belongs: what sealing binds it to. */
export const crmGrantPlace = (orgId: string, connectionId: string) => ({ orgId, purpose: "connections", rowId: connectionId });
/** Where the secret of a connection's inbound webhook belongs. */
export const crmInboundPlace = (orgId: string, connectionId: string) => ({ orgId, purpose: "connections.inbound", rowId: connectionId });

/** A grant as it is sealed. */
export const crmGrant = z.strictObject({
  kind: z.enum(["oauth", "token"]),
  accessToken: z.string().min(1).max(8_000),
  refreshToken: z.string().min(1).max(8_000).nullable(),
  expiresAt: z.iso.datetime({ offset: true }).nullable(),
  apiUrl: z.url(),
});

/** Where CRMs send people back to after the sign-in; refreshing names it too. */
export const crmRedirectUri = (appUrl: string): string => `${appUrl.replace(/\/+$/, "")}/integrations/crm/callback`;
