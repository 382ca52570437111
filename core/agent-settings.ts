import { z } from "zod";
import { agentActions } from "./agent-actions.ts";

const text = (max: number) => z.string().trim().max(max);
const prompts = z.array(text(120).min(1)).max(6).default([]);
const texts = z.strictObject({ greeting: text(500).default(""), prompts });

/** A small raster picture as a data URL; SVG is refused, since it can carry script. */
const avatar = z
  .string()
  .max(64_000)
  .regex(/^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+=*$/, { error: "must be a PNG, JPEG or WebP picture" })
  .nullable()
  .default(null);

/** What the agent talks about. Both are enforced before the model is asked and stated to it. */
const topics = z.strictObject({
  /** When set: the only subjects the agent answers about, one a line. */
  only: z.array(text(120).min(1)).max(20).default([]),
  /** Subjects the agent declines, one a line. */
  never: z.array(text(120).min(1)).max(20).default([]),
  /** What it says instead; empty for the built-in words. */
  reply: z.strictObject({ en: text(500).default(""), ru: text(500).default("") }).prefault({}),
});

/** Is a contact detail asked for, and must it be given? */
const asked = z.enum(["off", "optional", "required"]);

/** How visitors reach a person: may they ask for one, and which contact details are they asked for then? */
const contact = {
  handoff: z.strictObject({ enabled: z.boolean().default(false) }).prefault({}),
  leads: z
    .strictObject({
      when: z.enum(["off", "handoff"]).default("off"),
      fields: z
        .strictObject({ name: asked.default("optional"), email: asked.default("required"), phone: asked.default("off") })
        .prefault({}),
      /** What stands beside the box to tick; empty for no box. */
      consent: z.strictObject({ en: text(1_000).default(""), ru: text(1_000).default("") }).prefault({}),
    })
    .prefault({}),
};

/**
 * The versioned settings document of an agent (agent_versions.settings). `instructions`, `model` and `temperature` are
 * for the model and never leave the server; the rest is what visitors see.
 */
export const agentSettings = z.strictObject({
  instructions: text(8_000).default(""),
  /** A model id of the provider; null means the platform's default. */
  model: text(120).min(1).nullable().default(null),
  /** Models to try, in order, when `model` cannot answer. */
  fallbackModels: z.array(text(120).min(1)).max(4).default([]),
  temperature: z.number().min(0).max(2).default(0.3),
  /** Are next questions suggested under an answer? */
  suggestions: z.boolean().default(true),
  topics: topics.prefault({}),
  /** What the agent can do over HTTP. */
  actions: agentActions.default([]),
  /** enforce: only visitors whom a signed token names may talk to the agent. */
  visitors: z.strictObject({ enforce: z.boolean().default(false) }).prefault({}),
  ...contact,
  avatar,
  primaryColor: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i)
    .default("#5b4fd6"),
  theme: z.enum(["auto", "light", "dark"]).default("auto"),
  position: z.enum(["bottom-right", "bottom-left"]).default("bottom-right"),
  /** What visitors read first, per interface language; an empty greeting means the widget's own. */
  texts: z.strictObject({ en: texts.prefault({}), ru: texts.prefault({}) }).prefault({}),
  privacyUrl: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .nullable()
    .default(null),
});
export type AgentSettings = z.infer<typeof agentSettings>;

/**
 * An exact origin as browsers send it, made from what a person typed: "Example.com/shop" becomes "https://example.com".
 * Returns null for what is not a web origin (wildcards and "null" included).
 */
export function normalizeOrigin(typed: string): string | null {
  const value = typed.trim();
  if (!value || value.includes("*")) return null;
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `https://${value}`);
    if (!/^https?:$/.test(url.protocol) || url.username || url.password || url.hostname.endsWith(".")) return null;
    return url.origin;
  } catch {
    return null;
  }
}
