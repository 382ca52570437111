import { randomUUID } from "node:crypto";
import { AppError } from "@gpt-agent/core/errors";
import { pickLocale } from "@gpt-agent/core/locales";
import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { completionRequest, conversationOf } from "~/http/completion-request";
import { sseResponse } from "~/http/event-stream";
import { idempotency } from "~/http/idempotency";
import { readJson } from "~/http/json-body";
import { completion, completionFrames, openAiError } from "~/http/openai-stream";
import { apiKeys, chat, log, responder } from "~/services.server";

const route = apiRoute(
  log,
  {
    async POST(call) {
      chat.assertRoom();
      const caller = await requireApiKey(call, apiKeys, "chat");
      const body = await readJson(call.request, completionRequest);
      const agent = await apiKeys.findAgent(caller.orgId, body.model);
      const { question, history, instructions } = conversationOf(body.messages);
      const { signal, headers } = call.request;
      const { runId, events } = await chat.ask(
        {
          orgId: caller.orgId,
          agentId: agent.id,
          visitorId: null,
          origin: null,
          conversationId: `api-${randomUUID()}`,
          channel: "api",
          apiKeyId: caller.keyId,
          ask: { messageId: randomUUID(), text: question },
          locale: pickLocale(headers.get("accept-language")),
          responder: responder.kind,
          idempotency: idempotency(headers, `key:${caller.keyId}`, body),
        },
        signal,
        { history, ...(instructions ? { instructions } : {}) },
      );
      // These clients cannot come back to a stream: one that leaves wants no more words.
      signal.addEventListener("abort", () => void chat.abandon(runId), { once: true });
      const ids = { runId, model: body.model, created: Math.floor(Date.now() / 1000) };
      if (body.stream) return sseResponse(completionFrames(ids, events, body.stream_options?.include_usage ?? false, signal), signal);
      const { body: answer, error } = await completion(ids, events);
      if (error) throw new AppError("upstream_failed", error);
      return privateJson(answer);
    },
  },
  openAiError,
);
export const loader = route;
export const action = route;
