import type { AgentSettings } from "@gpt-agent/core/agent-settings";
import { z } from "zod";

const asked = z.enum(["off", "optional", "required"]);
const consent = z.string().trim().max(1_000, { error: "tooLong" });
const ticked = z.literal("on").optional();

/** The form of how visitors reach a person; a box that is not ticked is not sent. */
export const contactForm = z
  .strictObject({ handoff: ticked, leads: ticked, name: asked, email: asked, phone: asked, consentEn: consent, consentRu: consent })
  .refine(({ leads, email, phone }) => !leads || email !== "off" || phone !== "off", { path: ["email"], error: "contactFields" })
  .transform(
    ({ handoff, leads, name, email, phone, consentEn, consentRu }): Pick<AgentSettings, "handoff" | "leads"> => ({
      handoff: { enabled: handoff === "on" },
      leads: { when: leads === "on" ? "handoff" : "off", fields: { name, email, phone }, consent: { en: consentEn, ru: consentRu } },
    }),
  );
