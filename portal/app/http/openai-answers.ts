import { ERROR_STATUS, type ErrorCode } from "@gpt-agent/core/errors";
import { z } from "zod";

/** What the OpenAI-compatible API answers, as far as OpenAI's own clients look at it. */

const FINISH_REASONS = ["stop", "length", "content_filter"] as const;

const annotation = z.strictObject({
  type: z.literal("url_citation"),
  url_citation: z.strictObject({
    url: z.string().meta({ description: "The page; urn:uuid:… for a file, which has no address." }),
    title: z.string(),
    content: z.string().meta({ description: "The quote, literally as in the source." }),
    start_index: z.number().int().min(0).meta({ description: "Where the marker stands in the text." }),
    end_index: z.number().int().min(0),
  }),
});

const usage = z.strictObject({
  prompt_tokens: z.number().int().min(0),
  completion_tokens: z.number().int().min(0),
  total_tokens: z.number().int().min(0),
});

const shared = { id: z.string(), created: z.number().int().meta({ description: "Unix seconds." }), model: z.string() };

/** POST /v1/chat/completions */
export const chatCompletion = z.strictObject({
  ...shared,
  object: z.literal("chat.completion"),
  choices: z
    .array(
      z.strictObject({
        index: z.literal(0),
        message: z.strictObject({
          role: z.literal("assistant"),
          content: z.string(),
          refusal: z.null(),
          annotations: z.array(annotation).optional(),
        }),
        logprobs: z.null(),
        finish_reason: z.enum(FINISH_REASONS),
      }),
    )
    .length(1),
  usage,
});

/** An error in OpenAI's shape. */
export const openAiErrorBody = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.enum([
      "authentication_error",
      "permission_error",
      "not_found_error",
      "rate_limit_error",
      "insufficient_quota",
      "invalid_request_error",
      "server_error",
    ]),
    code: z.enum(Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]]),
    param: z.null(),
  }),
});

/** One event of POST /v1/chat/completions with `stream`: a piece of the answer, or what went wrong after it began. */
export const completionEvent = z.union([
  z.strictObject({
    ...shared,
    object: z.literal("chat.completion.chunk"),
    choices: z
      .array(
        z.strictObject({
          index: z.literal(0),
          delta: z.strictObject({
            role: z.literal("assistant").optional(),
            content: z.string().optional(),
            annotations: z.array(annotation).optional(),
          }),
          logprobs: z.null(),
          finish_reason: z.enum(FINISH_REASONS).nullable(),
        }),
      )
      .max(1),
    usage: usage.nullish(),
  }),
  openAiErrorBody,
]);

/** GET /v1/models */
export const modelList = z.strictObject({
  object: z.literal("list"),
  data: z.array(
    z.strictObject({
      id: z.string().meta({ description: "agent:<public id>" }),
      object: z.literal("model"),
      created: z.number().int(),
      owned_by: z.string(),
    }),
  ),
});
