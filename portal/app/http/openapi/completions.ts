import { completionRequest } from "../completion-request.ts";
import { chatCompletion, completionEvent, modelList, openAiErrorBody } from "../openai-answers.ts";
import type { Operation } from "./operation.ts";
import { IDEMPOTENCY_KEY } from "./parameters.ts";
import { answerSchema, requestSchema } from "./schemas.ts";

answerSchema("OpenAIError", openAiErrorBody);

const CURL = `curl "$PORTAL_URL/v1/chat/completions" \\
  -H "Authorization: Bearer $GAP_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "agent:demo", "messages": [{"role": "user", "content": "How long does delivery take?"}]}'`;

const TYPESCRIPT = `import { env, stdout } from "node:process";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: \`\${env.PORTAL_URL}/v1\`, apiKey: env.GAP_KEY });
const stream = await client.chat.completions.create({
  model: "agent:demo",
  messages: [{ role: "user", content: "How long does delivery take?" }],
  stream: true,
});
for await (const chunk of stream) stdout.write(chunk.choices[0]?.delta.content ?? "");`;

const PYTHON = `import os
from openai import OpenAI

client = OpenAI(base_url=os.environ["PORTAL_URL"] + "/v1", api_key=os.environ["GAP_KEY"])
stream = client.chat.completions.create(
    model="agent:demo",
    messages=[{"role": "user", "content": "How long does delivery take?"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="")`;

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
    samples: [
      { lang: "Shell", label: "curl", source: CURL },
      { lang: "TypeScript", label: "TypeScript", source: TYPESCRIPT },
      { lang: "Python", label: "Python", source: PYTHON },
    ],
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
