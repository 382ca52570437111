import { completionRequest } from "../completion-request.ts";
import { chatCompletion, completionEvent, modelList, openAiErrorBody } from "../openai-answers.ts";
import { COMPLETION_SAMPLES } from "./completion-samples.ts";
import type { Operation } from "./operation.ts";
import { IDEMPOTENCY_KEY } from "./parameters.ts";
import { answerSchema, requestSchema } from "./schemas.ts";

answerSchema("OpenAIError", openAiErrorBody);

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
          { kind: "json", schema: answerSchema("ChatCompletion", chatCompletion) },
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
    access: { apiKey: "chat" },
    errorShape: "openai",
    answers: {
      200: { description: "The organization's agents.", content: [{ kind: "json", schema: answerSchema("ModelList", modelList) }] },
    },
  },
];
