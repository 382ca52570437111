import type { AgentSettings } from "@gpt-agent/core/agent-settings";
import { z } from "zod";
import { linesOf } from "~/models/agent-form.server";

const MAX_TOPICS = 20;
const MAX_TOPIC = 120;

const topicLines = z
  .string()
  .transform((typed) => [...new Set(linesOf(typed).filter(Boolean))])
  .refine((topics) => topics.length <= MAX_TOPICS && topics.every((topic) => topic.length <= MAX_TOPIC), { error: "topicLines" });
const reply = z.string().trim().max(500, { error: "tooLong" });

/** The form of what an agent talks about: subjects one a line; a box that is not ticked is not sent. */
export const topicsForm = z
  .strictObject({
    only: topicLines,
    never: topicLines,
    replyEn: reply,
    replyRu: reply,
    suggestions: z.literal("on").optional(),
  })
  .transform(
    ({ only, never, replyEn, replyRu, suggestions }): Pick<AgentSettings, "topics" | "suggestions"> => ({
      topics: { only, never, reply: { en: replyEn, ru: replyRu } },
      suggestions: suggestions === "on",
    }),
  );
