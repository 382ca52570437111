import type { AgentConfig } from "@gpt-agent/core/chat-events";
import { limit, seeAgent, visitorRoute } from "~/http/visitor-route";
import { visitorApi } from "~/services.server";

// Only an allowed page may read how an agent looks, so that it cannot be dressed up elsewhere; there is nothing secret in it.
const route = visitorRoute(visitorApi, {
  async GET(call) {
    await limit(call, "config", call.address);
    const { publicId, name, status, settings } = await seeAgent(call);
    const { avatar, primaryColor, theme, position, texts, privacyUrl } = settings;
    const config: AgentConfig = { id: publicId, name, avatar, primaryColor, theme, position, texts, privacyUrl, status };
    return Response.json(config, { headers: { "cache-control": "public, max-age=60" } });
  },
});
export const loader = route;
export const action = route;
