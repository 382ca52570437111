// Holds every answer that a test sees against the API's document: what is not documented is a failed test.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { createParser } from "eventsource-parser";
import { openApiDocument } from "./document.ts";

type Schema = Record<string, unknown>;
type MediaType = { schema: Schema; "x-event-data"?: Schema };
type Described = { responses: Record<string, { content?: Record<string, MediaType> }> };

/** An answer as it went out. `ended` is false for one that its reader left. */
export type SeenAnswer = { method: string; path: string; status: number; headers: Record<string, string>; body: Buffer; ended: boolean };

const MISSING = { status: 404, codes: ["not_found"] };
const WRONG_METHOD = { status: 405, codes: ["method_not_allowed"] };

const document = openApiDocument();
const ajv = new Ajv2020({ strict: false, allErrors: false });
addFormats.default(ajv);
ajv.addSchema({ components: document.components }, "api");
const compiled = new Map<string, ValidateFunction>();

/** What is wrong with a value, or null. */
function fault(schema: Schema, value: unknown): string | null {
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/');
  const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text) as Schema);
  compiled.set(text, validate);
  return validate(value) ? null : `${ajv.errorsText(validate.errors)}: ${JSON.stringify(value).slice(0, 300)}`;
}

const paths = Object.entries(document.paths).map(([path, methods]) => ({
  pattern: new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}/?$`, "i"),
  methods: methods as Record<string, Described>,
}));

/** The document's words about a path; the most literal pattern first. */
const pathOf = (path: string) =>
  paths
    .filter(({ pattern }) => pattern.test(path))
    .sort((a, b) => a.pattern.source.split("[^/]").length - b.pattern.source.split("[^/]").length)[0];

function eventFaults(text: string, schema: Schema, ended: boolean): string | null {
  const data: string[] = [];
  const parser = createParser({ onEvent: (event) => data.push(event.data) });
  parser.feed(text);
  if (ended && data.length > 0 && data.at(-1) !== "[DONE]" && !text.includes('"abort"'))
    return `the stream ends without [DONE]: ${data.at(-1)}`;
  for (const one of data) {
    if (one === "[DONE]") continue;
    const wrong = fault(schema, JSON.parse(one));
    if (wrong) return `event: ${wrong}`;
  }
  return null;
}

function bodyFault(answer: SeenAnswer, content: Record<string, MediaType> | undefined): string | null {
  const text = answer.body.toString("utf8");
  if (!content) return text === "" ? null : `a body where none is documented: ${text.slice(0, 200)}`;
  const type = answer.headers["content-type"]?.split(";")[0] ?? "none";
  const media = content[type];
  if (!media) return `content type ${type}, documented are ${Object.keys(content).join(", ")}`;
  if (media["x-event-data"]) return eventFaults(text, media["x-event-data"], answer.ended);
  return answer.ended ? fault(media.schema, JSON.parse(text)) : null;
}

function errorFault({ status, headers }: SeenAnswer): string | null {
  if (!headers["x-request-id"]) return "an error without x-request-id";
  if (headers["cache-control"] !== "no-store") return "an error that may be cached";
  if ((status === 429 || status === 503) && !/^\d+$/.test(headers["retry-after"] ?? "")) return "no Retry-After";
  return null;
}

/** An error that no operation documents, because it belongs to none: an unknown path or method. */
function undocumentedFault(answer: SeenAnswer, expected: { status: number; codes: string[] }): string | null {
  if (answer.status !== expected.status) return `status ${answer.status}, ${expected.status} was expected`;
  if (answer.status === 405 && !answer.headers.allow) return "405 without Allow";
  const shape = answer.path.startsWith("/v1/") || answer.path === "/v1" ? "OpenAIError" : "Problem";
  const type = shape === "Problem" ? "application/problem+json" : "application/json";
  return errorFault(answer) ?? bodyFault(answer, { [type]: { schema: { $ref: `#/components/schemas/${shape}` } } });
}

function check(answer: SeenAnswer): string | null {
  const { method, status } = answer;
  const known = pathOf(answer.path);
  if (method === "OPTIONS")
    return status === 204 || status === 403 || (status === 404 && !known) || status === 405 || status === 503
      ? null
      : `status ${status} for OPTIONS`;
  if (method === "HEAD") {
    const body = answer.body.length === 0 ? null : "HEAD with a body";
    return body ?? (status >= 500 && status !== 503 ? `status ${status}` : null);
  }
  if (!known) return undocumentedFault(answer, MISSING);
  const described = known.methods[method.toLowerCase()];
  if (!described) return undocumentedFault(answer, WRONG_METHOD);
  const response = described.responses[status];
  if (!response) return `status ${status} is not documented`;
  const isError = status >= 400 && !response.content?.["application/json"]?.schema.$ref;
  return (isError ? errorFault(answer) : null) ?? bodyFault(answer, response.content);
}

/** What is wrong with an answer by the API's document, in words for a failing test; null when nothing is. */
export function answerFault(answer: SeenAnswer): string | null {
  let fault: string | null;
  try {
    fault = check(answer);
  } catch (error) {
    fault = `unreadable: ${error}: ${answer.body.toString("utf8").slice(0, 200)}`;
  }
  return fault === null ? null : `${answer.method} ${answer.path} → ${answer.status}: ${fault}`;
}
