import { agentAnswer, agentDetail } from "~/api/agents";
import { pageOf } from "~/api/page";
import { searchAnswer, searchRequest } from "~/api/search";
import type { Operation } from "./operation.ts";
import { AGENT_ID, PAGE } from "./parameters.ts";
import { answerSchema, requestSchema } from "./schemas.ts";

const agent = {
  id: "demo",
  name: "Bottle Helper",
  status: "live",
  model: null,
  createdAt: "2026-11-02T09:30:00+00:00",
  updatedAt: "2026-11-20T14:05:12+00:00",
};

export const agentOperations: Operation[] = [
  {
    id: "listAgents",
    method: "get",
    path: "/api/v1/agents",
    tag: "Agents",
    summary: "List agents",
    description: "The newest first.",
    access: { apiKey: "read" },
    parameters: PAGE,
    answers: {
      200: {
        description: "A page of the organization's agents.",
        content: [
          {
            kind: "json",
            schema: answerSchema("AgentPage", pageOf(answerSchema("Agent", agentAnswer))),
            example: { data: [agent], nextCursor: null },
          },
        ],
      },
    },
    errors: ["invalid_request"],
  },
  {
    id: "getAgent",
    method: "get",
    path: "/api/v1/agents/{agentId}",
    tag: "Agents",
    summary: "Read an agent",
    description: "How it is set up, as far as programs need to know. Its instructions are read and changed in the portal.",
    access: { apiKey: "read" },
    parameters: [AGENT_ID],
    answers: {
      200: {
        description: "The agent.",
        content: [
          {
            kind: "json",
            schema: answerSchema("AgentDetail", agentDetail),
            example: { ...agent, origins: ["https://shop.example"] },
          },
        ],
      },
    },
    errors: ["not_found"],
  },
  {
    id: "searchKnowledge",
    method: "post",
    path: "/api/v1/agents/{agentId}/search",
    tag: "Agents",
    summary: "Search an agent's knowledge",
    description:
      "Retrieval alone: the passages that an answer would be written from. No model is asked and nothing is counted as usage. Words are matched by their stems, in English and Russian, and by meaning where the platform has an embedding model.",
    access: { apiKey: "read" },
    parameters: [AGENT_ID],
    body: {
      kind: "json",
      schema: requestSchema("SearchRequest", searchRequest),
      example: { query: "How long does delivery take?", limit: 3 },
    },
    answers: {
      200: {
        description: "Passages. None, when nothing fits.",
        content: [
          {
            kind: "json",
            schema: answerSchema("SearchResult", searchAnswer),
            example: {
              data: [
                {
                  id: "0199e2a4-7d51-7c3e-9d0f-3f6f1f0c8a11",
                  sourceId: "0199e2a4-6b10-7aa2-8c55-0b7d5b1c2e90",
                  title: "delivery-and-returns.en.md",
                  url: null,
                  page: null,
                  headings: ["Delivery", "Times"],
                  text: "Orders within the country take two to four working days.",
                  start: 120,
                  end: 176,
                  score: 0.42,
                },
              ],
            },
          },
        ],
      },
    },
    errors: ["not_found"],
  },
];
