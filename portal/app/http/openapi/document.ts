import { createHash } from "node:crypto";
import { AppError, ERROR_STATUS, type ErrorCode } from "@gpt-agent/core/errors";
import packageJson from "../../../package.json";
import { openAiErrorBody } from "../openai-answers.ts";
import { problemBody, problemOf } from "../problem.ts";
import { agentOperations } from "./agents.ts";
import { chatOperations } from "./chat.ts";
import { completionOperations } from "./completions.ts";
import { contactOperations } from "./contact.ts";
import { conversationOperations } from "./conversations.ts";
import { type Answer, bodiesOf, type Content, errorsOf, type Operation, type Parameter, TAGS } from "./operation.ts";
import { organizationOperations } from "./organization.ts";
import { platformOperations } from "./platform.ts";
import { samplesOf } from "./samples.ts";
import { inlineSchema, reference, schemaComponents } from "./schemas.ts";
import { sourceOperations } from "./sources.ts";
import { webhookEndpointOperations } from "./webhook-endpoints.ts";
import { webhooks } from "./webhooks.ts";

/** Every operation of the HTTP API, in the order of the document. */
export const OPERATIONS: Operation[] = [
  ...completionOperations,
  ...agentOperations,
  ...sourceOperations,
  ...conversationOperations,
  ...contactOperations,
  ...organizationOperations,
  ...webhookEndpointOperations,
  ...chatOperations,
  ...platformOperations,
];

const INTRODUCTION = `
Talk to your agents, manage what they know and read what happened, over HTTP.

**API keys** are made in the portal under *Settings → API keys* and sent as \`Authorization: Bearer gap_live_…\` (or \`x-api-key\`). A key has
scopes: \`chat\` asks agents, \`read\` reads, \`write\` changes knowledge, \`audit\` reads the audit log, \`webhooks\` manages endpoints. Keep keys on servers; browsers use the visitor API.

**Errors** are \`application/problem+json\` (RFC 9457) with a stable \`code\`; under \`/v1\` they have OpenAI's shape. 429 and 503 carry
\`Retry-After\` in seconds. What is not yours does not exist for you: it is 404.

**Lists** come in pages: pass the \`nextCursor\` of one page as \`cursor\` for the next; null means the end. Be prepared for new fields.
`.trim();

const named = (parameter: Parameter) => ({
  name: parameter.name,
  in: parameter.in,
  required: parameter.in === "path" || (parameter.required ?? false),
  ...(parameter.description ? { description: parameter.description } : {}),
  schema: inlineSchema(parameter.schema),
  ...(parameter.example === undefined ? {} : { example: parameter.example }),
});

function mediaTypes(content: Content): Record<string, object> {
  if (content.kind === "bytes")
    return { "application/octet-stream": { schema: { type: "string", format: "binary", description: content.description } } };
  if (content.kind === "events")
    return {
      "text/event-stream": { schema: { type: "string", description: content.description }, "x-event-data": reference(content.event) },
    };
  const { schema, example } = content;
  return { "application/json": { schema: reference(schema), ...(example === undefined ? {} : { example }) } };
}

const header = (description: string) => ({ description, schema: { type: "string" } });

const answer = ({ description, content = [], headers }: Answer) => ({
  description,
  ...(headers ? { headers: Object.fromEntries(Object.entries(headers).map(([name, words]) => [name, header(words)])) } : {}),
  ...(content.length > 0 ? { content: Object.assign({}, ...content.map(mediaTypes)) } : {}),
});

const ERROR_TITLES: Record<number, string> = {
  400: "The request is not as documented.",
  401: "The credential is missing, wrong, expired or revoked.",
  403: "Known, but not allowed.",
  404: "There is no such thing, or it is not yours.",
  409: "It contradicts what is there.",
  413: "Too large.",
  415: "Not the expected content type.",
  422: "The same key was used with other content.",
  429: "Too many requests, or a budget is used up.",
  502: "The model failed.",
  503: "Not available right now.",
};

/** What an error looks like; its words are the status's. */
function errorExample(code: ErrorCode) {
  const status = ERROR_STATUS[code];
  const retryAfter = status === 429 || status === 503 ? { retryAfter: 5 } : {};
  return problemOf(new AppError(code, ERROR_TITLES[status] ?? "", retryAfter), "5b0c7a52-3a0e-4a76-9d0c-8f6d1b2e3c4d");
}

function errorAnswer(status: number, codes: ErrorCode[], shape: Operation["errorShape"]) {
  const retry = status === 429 || status === 503 ? { headers: { "Retry-After": header("Seconds after which to try again.") } } : {};
  const oneOfThese = { code: { enum: codes } };
  const content =
    shape === "openai"
      ? { "application/json": { schema: { allOf: [reference(openAiErrorBody), { properties: { error: { properties: oneOfThese } } }] } } }
      : {
          "application/problem+json": {
            schema: { allOf: [reference(problemBody), { properties: oneOfThese }] },
            example: errorExample(codes[0]!),
          },
        };
  return { description: `${ERROR_TITLES[status] ?? "An error."} Code: ${codes.join(", ")}.`, ...retry, content };
}

function errorAnswers(operation: Operation) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(operation)) byStatus.set(ERROR_STATUS[code], [...(byStatus.get(ERROR_STATUS[code]) ?? []), code]);
  // A status that is an answer by design (a failing health check) keeps its own form.
  const statuses = [...byStatus].filter(([status]) => !(status in operation.answers)).sort(([a], [b]) => a - b);
  return statuses.map(([status, codes]) => [status, errorAnswer(status, codes, operation.errorShape)]);
}

function security({ visitor, apiKey }: Operation["access"]): object[] {
  return [...(apiKey ? [{ apiKey: [] }, { apiKeyHeader: [] }] : []), ...(visitor ? [{ visitor: [] }] : [])];
}

function describe(operation: Operation) {
  const { access, description = "" } = operation;
  const bodies = bodiesOf(operation);
  const scope = access.apiKey ? `API keys need the scope \`${access.apiKey}\`.` : "";
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    description: [description, scope].filter(Boolean).join("\n\n"),
    security: security(access),
    ...(operation.parameters ? { parameters: operation.parameters.map(named) } : {}),
    ...(bodies.length > 0 ? { requestBody: { required: true, content: Object.assign({}, ...bodies.map(mediaTypes)) } } : {}),
    responses: Object.fromEntries([
      ...Object.entries(operation.answers).map(([status, given]) => [status, answer(given)]),
      ...errorAnswers(operation),
    ]),
    "x-codeSamples": samplesOf(operation),
  };
}

/** The HTTP API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1.html), made from the schemas that parse its requests. */
export function openApiDocument() {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "GPT Agent Platform API",
      version: packageJson.version,
      description: INTRODUCTION,
      license: { name: "Apache 2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "This portal" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: webhooks(),
    components: {
      schemas: schemaComponents(),
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", bearerFormat: "gap_live_…", description: "An API key of the organization." },
        apiKeyHeader: { type: "apiKey", in: "header", name: "x-api-key", description: "The same key in a header of its own." },
        visitor: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "A visitor's session, from POST /api/v1/agents/{agentId}/sessions.",
        },
      },
    },
  };
}
export type OpenApiDocument = ReturnType<typeof openApiDocument>;

let kept: { text: string; etag: string } | undefined;

/** The document as it is served, with its entity tag. */
export function servedDocument(): { text: string; etag: string } {
  if (!kept) {
    const text = JSON.stringify(openApiDocument());
    kept = { text, etag: `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"` };
  }
  return kept;
}
