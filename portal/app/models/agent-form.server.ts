import { type AgentSettings, agentSettings, normalizeOrigin } from "@gpt-agent/core/agent-settings";
import { z } from "zod";
import { parseFields, type Refused, refused } from "~/http/form.server";
import type { ErrorCode } from "~/i18n/error-codes";
import { entityName } from "~/models/names";

/** A line of the allowed sites that is no site; `line` counts from 1. */
export type OriginProblem = { line: number; text: string; wildcard: boolean };
export type AgentForm = { name: string; settings: AgentSettings; origins: string[] };

const MAX_ORIGINS = 50;
/** The lines of a text field, trimmed; empty ones stay, so that a line keeps its number. */
export const linesOf = (text: string) => text.split(/\r?\n/).map((line) => line.trim());
const text = (max: number) => z.string().trim().max(max, { error: "tooLong" });
const promptLines = z
  .string()
  .transform((typed) => linesOf(typed).filter(Boolean))
  .refine((prompts) => prompts.length <= 6 && prompts.every((prompt) => prompt.length <= 120), { error: "prompts" });

const fields = z.strictObject({
  intent: z.literal("save"),
  name: entityName,
  avatar: z.string().transform((url) => url || null),
  instructions: text(8_000),
  model: text(120).transform((model) => model || null),
  /** One a line, in their order. */
  fallbackModels: z
    .string()
    .transform((typed) => [...new Set(linesOf(typed).filter(Boolean))])
    .refine((models) => models.length <= 4 && models.every((model) => model.length <= 120), { error: "tooLong" }),
  temperature: z
    .string()
    .transform((typed) => (typed.trim() ? Number(typed.trim().replace(",", ".")) : 0.3))
    .refine((n) => n >= 0 && n <= 2, { error: "temperature" }),
  greetingEn: text(500),
  promptsEn: promptLines,
  greetingRu: text(500),
  promptsRu: promptLines,
  primaryColor: z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^#[0-9a-f]{6}$/, { error: "color" }),
  theme: z.enum(["auto", "light", "dark"]),
  position: z.enum(["bottom-right", "bottom-left"]),
  privacyUrl: text(500).transform((url) => url || null),
  origins: z.string().max(20_000, { error: "tooLong" }),
});

/** The origins typed one a line, each once, and the lines that are none. */
export function parseOrigins(typed: string): { origins: string[]; problems: OriginProblem[] } {
  const origins = new Set<string>();
  const problems: OriginProblem[] = [];
  for (const [index, line] of linesOf(typed).entries()) {
    if (!line) continue;
    const origin = normalizeOrigin(line);
    if (origin && origin.length <= 300) origins.add(origin);
    else problems.push({ line: index + 1, text: line.slice(0, 80), wildcard: line.includes("*") });
  }
  return { origins: [...origins], problems };
}

/** The agent's settings form, parsed over the settings that stand (what the form does not hold stays), or what is wrong with each field (for allowed sites: with each line). */
export function parseAgentForm(
  given: Record<string, string>,
  current: AgentSettings,
): { ok: true; value: AgentForm } | (Refused & { originProblems: OriginProblem[] }) {
  const parsed = parseFields(given, fields);
  const { origins, problems } = parseOrigins(given.origins ?? "");
  const errors: Record<string, ErrorCode> = parsed.ok ? {} : { ...parsed.errors };
  if (problems.length) errors.origins ??= "invalid";
  else if (origins.length > MAX_ORIGINS) errors.origins ??= "tooManyOrigins";
  if (!parsed.ok) return { ...refused(errors), originProblems: problems };

  const { intent: _intent, name, greetingEn, promptsEn, greetingRu, promptsRu, origins: _typed, ...rest } = parsed.value;
  const settings = agentSettings.safeParse({
    ...current,
    ...rest,
    texts: { en: { greeting: greetingEn, prompts: promptsEn }, ru: { greeting: greetingRu, prompts: promptsRu } },
  });
  if (!settings.success) {
    for (const { path } of settings.error.issues) {
      const field = String(path[0]);
      errors[field] ??= field === "avatar" ? "avatar" : field === "privacyUrl" ? "url" : "invalid";
    }
  }
  if (!settings.success || Object.keys(errors).length) return { ...refused(errors), originProblems: problems };
  return { ok: true, value: { name, settings: settings.data, origins } };
}
