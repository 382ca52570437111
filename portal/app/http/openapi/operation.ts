import type { ErrorCode } from "@gpt-agent/core/errors";
import type { z } from "zod";
import type { Scope } from "~/models/scopes";

export type HttpMethod = "get" | "post" | "put" | "patch" | "delete";
export const TAGS = {
  "Chat completions": "Agents behind an API that OpenAI's clients already speak.",
  Agents: "The organization's agents, and searching what they know.",
  Sources: "An agent's knowledge: documents and how their reading goes.",
  Conversations: "What visitors asked and agents answered.",
  "Leads and people": "Contact details that visitors left, and who of them asked for a person.",
  Organization: "Usage, and the record of who did what.",
  "Visitor API": "What the chat on a website calls. Works from the agent's allowed origins only; no cookies.",
  Webhooks:
    "Your own endpoints: managing them, and what they are sent, signed as Standard Webhooks describes (https://www.standardwebhooks.com).",
  Platform: "Health, and this document.",
} as const;

/** A parameter of a path, a query or a header, with the schema that reads it. */
export type Parameter = {
  in: "path" | "query" | "header";
  name: string;
  schema: z.ZodType;
  description?: string;
  required?: boolean;
  /** What samples send. */
  example?: string;
};

/** What a body or an answer is made of. */
export type Content =
  | { kind: "json"; schema: z.ZodType; example?: unknown }
  /** Server-sent events; `event` is what each one's data holds, up to a closing [DONE]. */
  | { kind: "events"; event: z.ZodType; description: string }
  /** The bytes of a file. */
  | { kind: "bytes"; description: string };

export type Answer = { description: string; content?: Content[]; headers?: Record<string, string> };

export type CodeSample = { lang: "Shell" | "TypeScript" | "Python"; label: string; source: string };

/** One method of one path, as the document tells it. */
export type Operation = {
  id: string;
  method: HttpMethod;
  /** With its parameters in braces: /api/v1/agents/{agentId} */
  path: string;
  tag: keyof typeof TAGS;
  summary: string;
  description?: string;
  /** Who may call: nobody in particular, a visitor's session, an API key with a scope, or either of the two. */
  access: { visitor?: true; apiKey?: Scope };
  parameters?: Parameter[];
  /** What is sent; several, where the content type says which. Samples send the first. */
  body?: Content | Content[];
  /** Answers that are no errors. */
  answers: Record<number, Answer>;
  /** Every error that a caller can meet, beyond those that all calls of its kind share. */
  errors?: ErrorCode[];
  /** How errors are written: RFC 9457, or as OpenAI's clients expect. */
  errorShape?: "problem" | "openai";
  /** Written by hand where the made ones do not do. */
  samples?: CodeSample[];
};

/** The kinds of body that an operation takes; none for most. */
export const bodiesOf = ({ body = [] }: Operation): Content[] => (Array.isArray(body) ? body : [body]);

/** Every error that a caller of an operation can meet. */
export function errorsOf(operation: Operation): ErrorCode[] {
  const { access, body, errors = [] } = operation;
  const codes: ErrorCode[] = [...errors];
  if (access.visitor) codes.push("unauthenticated", "origin_not_allowed", "rate_limited", "unavailable");
  if (access.apiKey) codes.push("unauthenticated", "forbidden", "rate_limited", "unavailable");
  if (body) codes.push("invalid_request", "too_large", "unsupported_media_type");
  return [...new Set(codes)];
}
