import { z } from "zod";

/** Providers leave fields out, send null, or send something else; none of that may end an answer. */
const text = z.string().nullish().catch(null);
const toolCall = z.object({
  index: z.number().int().nullish().catch(null),
  id: text,
  function: z.object({ name: text, arguments: text }).nullish().catch(null),
});
const delta = z.object({
  content: text,
  /** The thoughts of a reasoning model: OpenRouter's name and that of other servers. Never shown. */
  reasoning: text,
  reasoning_content: text,
  tool_calls: z.array(toolCall).nullish().catch(null),
});

/** What matters of OpenAI's `chat.completion.chunk`, with OpenRouter's `provider`, `usage.cost` and errors inside the stream. */
export const chatChunk = z.object({
  model: text,
  provider: text,
  choices: z
    .array(z.object({ delta: delta.nullish().catch(null), finish_reason: text, error: z.unknown().optional() }))
    .nullish()
    .catch(null),
  usage: z
    .object({
      prompt_tokens: z.unknown().optional(),
      completion_tokens: z.unknown().optional(),
      prompt_tokens_details: z.object({ cached_tokens: z.unknown().optional() }).nullish().catch(null),
      /** US dollars. */
      cost: z.unknown().optional(),
    })
    .nullish()
    .catch(null),
  error: z.unknown().optional(),
});
export type ChatChunk = z.infer<typeof chatChunk>;
