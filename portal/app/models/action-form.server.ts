import { actionWith, agentAction, headerName, headerValue } from "@gpt-agent/core/agent-actions";
import { z } from "zod";
import { pointerToken } from "~/chat/actions/mapped";
import type { Refused } from "~/http/form.server";
import type { ErrorCode } from "~/i18n/error-codes";

/** A header as its editor sends it: plain, with a secret that is stored already, or with one that was typed just now. */
const header = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("plain"), name: headerName, value: headerValue }),
  z.strictObject({ kind: z.literal("stored"), name: headerName, secretId: z.uuid() }),
  z.strictObject({ kind: z.literal("typed"), name: headerName, secret: headerValue.min(1) }),
]);
const draft = actionWith(header).superRefine(({ headers }, context) => {
  const names = headers.map(({ name }) => name.toLowerCase());
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) context.addIssue({ code: "custom", path: ["headers", index, "name"], params: { problem: "twice" } });
  }
});
/** An action as its editor sends it. */
export type ActionDraft = z.infer<typeof draft>;

/** What is wrong inside the parameters' JSON schema, and where: a JSON pointer, "" for the whole. */
export type SchemaProblem = { at: string; code: ErrorCode };
export type RefusedAction = Refused & { schemaProblems: SchemaProblem[] };

/**
 * The action that the editor's form holds as JSON, or what is wrong: under the dotted path of each field ("headers.0.name",
 * "parameters.properties.order").
 */
export function parseActionDraft(text: string): { ok: true; value: ActionDraft } | RefusedAction {
  const parsed = draft.safeParse(jsonOrNull(text));
  if (parsed.success) return { ok: true, value: parsed.data };
  const errors: Record<string, ErrorCode> = {};
  const schemaProblems: SchemaProblem[] = [];
  for (const { path, code } of parsed.error.issues.flatMap((issue) => problemsOf(issue))) {
    if (path[0] === "parameters") schemaProblems.push({ at: path.slice(1).map(pointerToken).join(""), code });
    // Whatever is wrong inside a parameter is shown at its row.
    errors[path.slice(0, 3).join(".") || "form"] ??= code;
  }
  return { ok: false, errors, schemaProblems };
}

/** The action that a draft becomes once each typed secret has an id, and those secrets by their ids. */
export function withSecretIds(
  { headers, ...rest }: ActionDraft,
  newId: () => string,
): { action: z.infer<typeof agentAction>; typed: Map<string, string> } {
  const typed = new Map<string, string>();
  const kept = headers.map((header) => {
    if (header.kind === "plain") return { name: header.name, value: header.value };
    if (header.kind === "stored") return { name: header.name, secretId: header.secretId };
    const secretId = newId();
    typed.set(secretId, header.secret);
    return { name: header.name, secretId };
  });
  return { action: agentAction.parse({ ...rest, headers: kept }), typed };
}

/** The JSON of a form's field; null where it is none. */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

type Issue = z.core.$ZodIssue;
type Problem = { path: PropertyKey[]; code: ErrorCode };

/** An issue with a code that has words; of a union, the issues of the alternative that was meant. */
function problemsOf(issue: Issue, above: PropertyKey[] = []): Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const meant = issue.errors.find((issues) => !issues.some((inner) => inner.path[0] === "type")) ?? issue.errors[0]!;
    return meant.flatMap((inner) => problemsOf(inner, path));
  }
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({ path: [...path, key], code: "schemaKeyword" }));
  return [{ path, code: codeOf(issue, path) }];
}

const URL_CODES: Record<string, ErrorCode> = {
  not_a_web_address: "urlNotWeb",
  has_userinfo: "urlUserinfo",
  has_fragment: "urlFragment",
  parameter_in_host: "urlHost",
  unknown_parameter: "urlUnknown",
  parameter_not_plain: "urlNotPlain",
  path_parameter_not_required: "urlOptional",
};

function codeOf(issue: Issue, path: PropertyKey[]): ErrorCode {
  const field = path[0] === "headers" ? path[2] : path[0];
  const problem = issue.code === "custom" ? String(issue.params?.problem ?? "") : "";
  if (URL_CODES[problem]) return URL_CODES[problem];
  if (path[0] === "headers" && problem === "twice") return "headerTwice";
  if (issue.code === "too_small" && issue.origin === "string") return path[0] === "parameters" ? "schema" : "required";
  if (issue.code === "too_big" && issue.origin === "string") return "tooLong";
  if (path[0] === "headers" && path.length === 1) return "tooManyRows";
  if (path[0] === "headers" && field === "name") return issue.code === "custom" ? "headerOurs" : "headerName";
  if (path[0] === "headers") return "headerValue";
  if (field === "name") return "actionName";
  if (field === "result") return path.length === 1 ? "tooManyRows" : "pointer";
  if (field === "timeoutMs") return "timeout";
  if (field !== "parameters") return "invalid";
  if (issue.code === "invalid_key") return "parameterName";
  if (issue.code === "custom") return path.at(-1) === "required" ? "schemaRequired" : "tooManyRows";
  return "schema";
}
