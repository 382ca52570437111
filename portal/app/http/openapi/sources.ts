import { FILE_EXTENSIONS, MAX_FILE_BYTES } from "@gpt-agent/core/limits";
import { z } from "zod";
import { pageOf } from "~/api/page";
import { questionAndAnswer } from "~/api/source-requests";
import { sourceAnswer, sourcesQuery } from "~/api/sources";
import type { Operation } from "./operation.ts";
import { AGENT_ID, IDEMPOTENCY_KEY, PAGE, SOURCE_ID } from "./parameters.ts";
import { answerSchema, requestSchema } from "./schemas.ts";

const ready = {
  id: "0199e2a4-6b10-7aa2-8c55-0b7d5b1c2e90",
  kind: "file",
  title: "handbook.pdf",
  mediaType: "application/pdf",
  bytes: 482113,
  status: "ready",
  failure: null,
  progress: { done: 64, total: 64 },
  reading: { pages: 12, characters: 31877, passages: 64, language: "en" },
  createdAt: "2026-11-20T14:05:12+00:00",
  readyAt: "2026-11-20T14:05:15+00:00",
};
const queued = { ...ready, status: "queued", progress: { done: 0, total: 0 }, reading: null, readyAt: null };
const source = answerSchema("Source", sourceAnswer);

export const sourceOperations: Operation[] = [
  {
    id: "listSources",
    method: "get",
    path: "/api/v1/agents/{agentId}/sources",
    tag: "Sources",
    summary: "List an agent's sources",
    description: "The newest first, each with how its reading goes.",
    access: { apiKey: "read" },
    parameters: [
      AGENT_ID,
      ...PAGE,
      { in: "query", name: "status", description: "Only those in this state.", schema: sourcesQuery.shape.status.unwrap() },
    ],
    answers: {
      200: {
        description: "A page of sources.",
        content: [{ kind: "json", schema: answerSchema("SourcePage", pageOf(source)), example: { data: [ready], nextCursor: null } }],
      },
    },
    errors: ["not_found", "invalid_request"],
  },
  {
    id: "addSource",
    method: "post",
    path: "/api/v1/agents/{agentId}/sources",
    tag: "Sources",
    summary: "Add a file, or a question with its answer",
    description: `A **file** is the body itself, under its own content type, with its name as \`?name=\` (${FILE_EXTENSIONS.join(", ")}; up to ${MAX_FILE_BYTES / 1024 / 1024} MB; no multipart form). A **question with its answer** is JSON. Web addresses are not read yet: \`{"type": "url"}\` is refused with 400.

Reading goes on after the answer: ask for the source until its \`status\` is \`ready\` or \`failed\`. Send an \`Idempotency-Key\` so that a repeated call adds nothing.`,
    access: { apiKey: "write" },
    parameters: [
      AGENT_ID,
      {
        in: "query",
        name: "name",
        description: "The file's name; for files only.",
        schema: z.string().min(1).max(2_000),
        example: "handbook.pdf",
      },
      IDEMPOTENCY_KEY,
    ],
    body: [
      { kind: "bytes", description: "The file." },
      {
        kind: "json",
        schema: requestSchema("QuestionAndAnswer", questionAndAnswer),
        example: {
          type: "qa",
          question: "Do you ship abroad?",
          answer: "Yes, to every country of the European Union, in five to seven days.",
        },
      },
    ],
    answers: { 201: { description: "It is stored and will be read.", content: [{ kind: "json", schema: source, example: queued }] } },
    errors: ["not_found", "idempotency_mismatch", "conflict"],
  },
  {
    id: "getSource",
    method: "get",
    path: "/api/v1/agents/{agentId}/sources/{sourceId}",
    tag: "Sources",
    summary: "Read a source and its progress",
    description: "Ask once a second or so while it is being read; a page of text takes well under a second.",
    access: { apiKey: "read" },
    parameters: [AGENT_ID, SOURCE_ID],
    answers: { 200: { description: "The source.", content: [{ kind: "json", schema: source, example: ready }] } },
    errors: ["not_found"],
  },
  {
    id: "deleteSource",
    method: "delete",
    path: "/api/v1/agents/{agentId}/sources/{sourceId}",
    tag: "Sources",
    summary: "Delete a source",
    description: "Its passages are found no more from now on; the stored file is removed soon after. Quotes in earlier answers stay.",
    access: { apiKey: "write" },
    parameters: [AGENT_ID, SOURCE_ID],
    answers: { 204: { description: "It is gone." } },
    errors: ["not_found"],
  },
  {
    id: "resyncSource",
    method: "post",
    path: "/api/v1/agents/{agentId}/sources/{sourceId}/resync",
    tag: "Sources",
    summary: "Read a source anew",
    description: "The earlier reading answers until the new one is ready. One that is being read already is left alone. Needs no body.",
    access: { apiKey: "write" },
    parameters: [AGENT_ID, SOURCE_ID],
    answers: { 202: { description: "It will be read.", content: [{ kind: "json", schema: source, example: queued }] } },
    errors: ["not_found"],
  },
];
