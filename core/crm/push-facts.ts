import { z } from "zod";

const text = z.string().nullable();

/** What is known of a conversation that goes to a CRM: the answer of the SQL function crm_push_facts. Times are ISO. */
export const pushFacts = z.strictObject({
  orgSlug: z.string(),
  agentName: z.string(),
  conversation: z.strictObject({
    id: z.uuid(),
    title: text,
    locale: text,
    pageUrl: text,
    /** What was said at first, in short, where it had to be summarised for the model. */
    summary: text,
    startedAt: z.string(),
  }),
  /** null for a conversation without a visitor (an API call). */
  visitor: z
    .strictObject({
      id: z.uuid(),
      firstSeenAt: z.string(),
      /** What a signed token said of them; null when nobody vouches for who they are. */
      verified: z.strictObject({ externalId: z.string(), email: text, phone: text, name: text }).nullable(),
    })
    .nullable(),
  /** What they themselves left, newest first. */
  leads: z.array(z.strictObject({ name: text, email: text, phone: text, message: text })),
  /** Why a person was asked for, the newest wish; null when nobody was asked for. */
  handoff: z.strictObject({ reason: text }).nullable(),
  /** Questions that the knowledge did not answer. */
  unanswered: z.array(z.string()),
  /** The visible conversation, oldest first: at most the newest 400. */
  messages: z.array(z.strictObject({ author: z.enum(["visitor", "agent", "operator"]), text: z.string(), at: z.string() })),
  messageCount: z.number().int(),
});
export type PushFacts = z.infer<typeof pushFacts>;

/** Where the portal shows a conversation: its link in a CRM, and the mark by which its records there are found again. */
export const conversationUrl = (appUrl: string, orgSlug: string, conversationId: string): string =>
  `${appUrl.replace(/\/+$/, "")}/orgs/${orgSlug}/conversations/${conversationId}`;
