import { z } from "zod";

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
  identityToken: z.string().min(1).max(10_000).optional().meta({ description: "Not supported yet: leave it out." }),
});

/** POST /api/v1/messages/:messageId/feedback */
export const feedbackRequest = z.strictObject({
  rating: z.enum(["up", "down"]),
  comment: z.string().trim().min(1).max(2_000).optional(),
});
