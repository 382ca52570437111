import type { AgentSettings } from "@gpt-agent/core/agent-settings";
import type { AgentConfig } from "@gpt-agent/core/chat-events";
import { limit, seeAgent, visitorRoute } from "~/http/visitor-route";
import { visitorApi } from "~/services.server";

// Only an allowed page may read how an agent looks, so that it cannot be dressed up elsewhere; there is nothing secret in it.
const route = visitorRoute(visitorApi, {
  async GET(call) {
    await limit(call, "config", call.address);
    const { publicId, name, status, settings } = await seeAgent(call);
    const { avatar, primaryColor, theme, position, texts, privacyUrl } = settings;
    const handoff = settings.handoff.enabled;
    const look = { id: publicId, name, avatar, primaryColor, theme, position, texts, privacyUrl, status };
    const config: AgentConfig = { ...look, handoff, lead: leadForm(settings.leads) };
    return Response.json(config, { headers: { "cache-control": "public, max-age=60" } });
  },
});
export const loader = route;
export const action = route;

/** The contact details that the widget asks for; null for none. */
function leadForm({ when, fields, consent }: AgentSettings["leads"]): AgentConfig["lead"] {
  const asked = (["name", "email", "phone"] as const).filter((name) => fields[name] !== "off");
  if (when === "off" || (fields.email === "off" && fields.phone === "off")) return null;
  return { fields: asked.map((name) => ({ name, required: fields[name] === "required" })), consent };
}
