import { z } from "zod";
import { actionSchema } from "./action-schema.ts";
import { urlProblem } from "./action-url.ts";

const text = (max: number) => z.string().trim().max(max);

/** Headers that connections, browsers and we set ourselves. */
const NOT_THEIRS =
  /^(host|content-(length|type)|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|cookie|accept-encoding|user-agent|idempotency-key|proxy-.*)$/i;
export const headerName = text(80)
  .regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: "a header's name is letters, digits and -" })
  .refine((name) => !NOT_THEIRS.test(name), { error: "this header is set by the platform" });
/** Visible ASCII and spaces, as every server understands it. */
export const headerValue = text(1_000).regex(/^[\t\x20-\x7e]*$/, { error: "a header's value is Latin letters, digits and signs" });

/** A header of an action's request; a secret one names a sealed value (agent_secrets) instead of holding it. */
const header = z.union([
  z.strictObject({ name: headerName, value: headerValue }),
  z.strictObject({ name: headerName, secretId: z.uuid() }),
]);
export type ActionHeader = z.infer<typeof header>;

/** An action whose headers are of the given shape: as it is kept (agentAction), or as an editor sends it. */
export const actionWith = <H extends z.ZodType>(headers: H) =>
  z
    .strictObject({
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
      parameters: actionSchema,
      headers: z.array(headers).max(20).default([]),
      /** JSON pointers (RFC 6901) of what is kept of the answer; none keeps all (cut). */
      result: z
        .array(text(200).regex(/^(\/([^~]|~[01])*)?$/, { error: "must be a JSON pointer, such as /order/status" }))
        .max(20)
        .default([]),
      timeoutMs: z.number().int().min(500).max(30_000).default(10_000),
      /** Ask the visitor first. Always true in effect for everything but GET. */
      confirm: z.boolean().default(false),
      enabled: z.boolean().default(true),
    })
    .superRefine((action, context) => {
      const problem = urlProblem(action.url, action.parameters);
      if (problem) context.addIssue({ code: "custom", path: ["url"], message: problem, params: { problem } });
    });

/** An HTTP call that an agent may make on a visitor's behalf. Part of the agent's versioned settings. */
export const agentAction = actionWith(header);
export type AgentAction = z.infer<typeof agentAction>;

/** Must the visitor agree before this runs? Whatever may change something always asks. */
export const needsConsent = (action: Pick<AgentAction, "method" | "confirm">): boolean => action.confirm || action.method !== "GET";

/** All actions of an agent; the model tells them apart by their names. */
export const agentActions = z
  .array(agentAction)
  .max(20)
  .refine((actions) => new Set(actions.map(({ name }) => name)).size === actions.length, { error: "two actions have the same name" });
