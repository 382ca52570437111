import { completionRequest } from "../completion-request.ts";
import { chatCompletion, completionEvent, modelList, openAiErrorBody } from "../openai-answers.ts";
import { COMPLETION_SAMPLES } from "./completion-samples.ts";
import type { Operation } from "./operation.ts";
import { IDEMPOTENCY_KEY } from "./parameters.ts";
import { answerSchema, requestSchema } from "./schemas.ts";

answerSchema("OpenAIError", openAiErrorBody);

const completion = {
  id: "chatcmpl-0199e2a5-01b9-7e21-8a3b-7c6d5e4f3a2b",
  object: "chat.completion",
  created: 1764000000,
  model: "agent:demo",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: "Two to four working days [1].",
        refusal: null,
        annotations: [
          {
            type: "url_citation",
            url_citation: {
              url: "urn:uuid:0199e2a4-6b10-7aa2-8c55-0b7d5b1c2e90",
              title: "delivery-and-returns.en.md",
              content: "Orders within the country take two to four working days.",
              start_index: 25,
              end_index: 28,
            },
          },
        ],
      },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 1902, completion_tokens: 14, total_tokens: 1916 },
};
const models = { object: "list", data: [{ id: "agent:demo", object: "model", created: 1762075800, owned_by: "organization" }] };

export const completionOperations: Operation[] = [
  {
    id: "createChatCompletion",
    method: "post",
    path: "/v1/chat/completions",
    tag: "Chat completions",
    summary: "Ask an agent",
    description:
      "OpenAI's chat completions, answered from the agent's knowledge. `model` names the agent (`agent:<public id>`); the last message is the question, earlier ones are its history. Markers such as `[1]` in the text are explained by `annotations`. Parameters that are not listed here (temperature, tools, …) are accepted and not used: how an agent answers is set on the agent.",
    access: { apiKey: "chat" },
    errorShape: "openai",
    parameters: [IDEMPOTENCY_KEY],
    body: {
      kind: "json",
      schema: requestSchema("ChatCompletionRequest", completionRequest),
      example: { model: "agent:demo", messages: [{ role: "user", content: "How long does delivery take?" }] },
    },
    answers: {
      200: {
        description: "The answer, whole or (with `stream`) piece by piece.",
        content: [
          { kind: "json", schema: answerSchema("ChatCompletion", chatCompletion), example: completion },
          {
            kind: "events",
            event: answerSchema("ChatCompletionEvent", completionEvent),
            description:
              "With `stream`: each event's data is one chunk as JSON, closed by [DONE]. An error after the first word comes as an event.",
          },
        ],
      },
    },
    errors: ["not_found", "idempotency_mismatch", "over_budget", "upstream_failed"],
    samples: COMPLETION_SAMPLES,
  },
  {
    id: "listModels",
    method: "get",
    path: "/v1/models",
    tag: "Chat completions",
    summary: "List the agents as models",
    description:
      "What programs that let people choose a model ask for. Every agent of the organization, paused ones too; the oldest first.",
    access: { apiKey: "chat" },
    errorShape: "openai",
    answers: {
      200: {
        description: "The organization's agents.",
        content: [{ kind: "json", schema: answerSchema("ModelList", modelList), example: models }],
      },
    },
  },
];
