import { requireApiKey } from "~/http/api-key-guard";
import { apiRoute, privateJson } from "~/http/api-route";
import { openAiError } from "~/http/openai-stream";
import { apiKeys, log } from "~/services.server";

const route = apiRoute(
  log,
  {
    async GET(call) {
      const caller = await requireApiKey(call, apiKeys, "chat");
      const agents = await apiKeys.agents(caller.orgId);
      const data = agents.map(({ publicId, createdAt }) => ({
        id: `agent:${publicId}`,
        object: "model",
        created: Math.floor(Date.parse(createdAt) / 1000),
        owned_by: "organization",
      }));
      return privateJson({ object: "list", data });
    },
  },
  openAiError,
);
export const loader = route;
export const action = route;
