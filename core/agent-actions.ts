import { z } from "zod";

const text = (max: number) => z.string().trim().max(max);

/** A header of an action's request; a secret one names a sealed value (agent_secrets) instead of holding it. */
const header = z.union([
  z.strictObject({ name: text(80).min(1), value: text(1_000) }),
  z.strictObject({ name: text(80).min(1), secretId: z.uuid() }),
]);

/** An HTTP call that an agent may make on a visitor's behalf. Part of the agent's versioned settings. */
export const agentAction = z.strictObject({
  /** How the model names it. */
  name: z.string().regex(/^[a-z][a-z0-9_]{1,39}$/),
  /** What visitors read when it runs or asks for their consent. */
  title: z.strictObject({ en: text(80).default(""), ru: text(80).default("") }).prefault({}),
  /** For the model: what it does and when to use it. */
  description: text(1_000).min(1),
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
  /** An https address; {name} stands for a parameter, percent-encoded. Never in the host. */
  url: text(1_000).min(1),
  /** JSON schema (an object) of what the model fills in. */
  parameters: z.record(z.string(), z.json()),
  headers: z.array(header).max(20).default([]),
  /** JSON pointers of what is kept of the answer; none keeps all (cut). */
  result: z.array(text(200)).max(20).default([]),
  timeoutMs: z.number().int().min(500).max(30_000).default(10_000),
  /** Ask the visitor first. Always true in effect for everything but GET. */
  confirm: z.boolean().default(false),
  enabled: z.boolean().default(true),
});
export type AgentAction = z.infer<typeof agentAction>;
