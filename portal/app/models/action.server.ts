import { originOf } from "@gpt-agent/core/action-url";
import type { AgentAction } from "@gpt-agent/core/agent-actions";
import type { Db } from "@gpt-agent/core/db";
import type { SecretBox } from "@gpt-agent/core/secrets";
import type { Actions, ActionTrial } from "~/chat/actions/actions";
import { agentSecretPlace, MissingSecretError, type SecretStore } from "~/chat/actions/secret-headers";
import { type Refused, refused } from "~/http/form.server";
import type { Limiter } from "~/http/limiter/limiter";
import type { ErrorCode } from "~/i18n/error-codes";
import { type ActionDraft, jsonOrNull, withSecretIds } from "~/models/action-form.server";
import { changeSettings } from "~/models/agent.server";
import { addSecrets, lastFourOf, removeSecrets } from "~/models/agent-secret.server";
import { unwrap } from "~/models/result.server";
import { uuidV7 } from "~/models/uuid-v7.server";

type Of = { orgId: string; agentId: string };
export type ActionUse = { name: string; used: number; failed: number; declined: number; lastUsed: string };
export type SecretDeps = { db: Db; box: SecretBox; store: SecretStore };

const MAX_ACTIONS = 20;

/** How an agent's actions fared in its answers of the last 30 days; those that were not used are not in it. */
export async function listActionUse(db: Db, by: Of): Promise<ActionUse[]> {
  const rows = unwrap(await db.rpc("action_use", { org: by.orgId, agent: by.agentId }));
  return rows.map(({ last_used, ...row }) => ({ ...row, lastUsed: last_used }));
}

/** A reason to leave the settings as they are, found while they are being changed. */
class RefusedChange extends Error {
  constructor(readonly errors: Record<string, ErrorCode>) {
    super("The change is refused");
  }
}

/**
 * Saves an action as part of its agent's settings and seals the secrets that were typed; those it no longer names are removed.
 * @param change.was the name it had before, or null for a new one. Should it be gone by now, it is there again
 * @returns what was saved, or what is wrong with each field
 * @throws AppError as changeSettings and addSecrets do
 */
export async function saveAction(
  { db, box, store }: SecretDeps,
  by: Of & { userId: string },
  change: { was: string | null; draft: ActionDraft },
): Promise<{ ok: true; action: AgentAction } | Refused> {
  const { action, typed } = withSecretIds(change.draft, uuidV7);
  const foreign = await secretsOfElsewhere(store, by, action, typed);
  if (foreign) return refused(foreign);
  const sealed = action.headers.flatMap((header) => {
    const secret = "secretId" in header ? typed.get(header.secretId) : undefined;
    if (!("secretId" in header) || secret === undefined) return [];
    const place = agentSecretPlace(by.orgId, header.secretId, originOf(action.url));
    return [{ id: header.secretId, name: header.name, sealed: box.seal(secret, place), lastFour: lastFourOf(secret) }];
  });
  await addSecrets(db, by, sealed);
  let before: AgentAction | undefined;
  try {
    await changeSettings(db, by, (current) => {
      before = current.actions.find(({ name }) => name === change.was);
      return { ...current, actions: withAction(current.actions, action, change.was) };
    });
  } catch (error) {
    await removeSecrets(db, by, [...typed.keys()]);
    if (error instanceof RefusedChange) return refused(error.errors);
    throw error;
  }
  const kept = new Set(secretIdsOf(action));
  await removeSecrets(
    db,
    by,
    secretIdsOf(before).filter((id) => !kept.has(id)),
  );
  return { ok: true, action };
}

/**
 * Runs an action as its editor has it, saved or not; stored secrets are opened for this agent and the action's own host alone.
 * @param input the values as JSON
 * @throws AppError "rate_limited"; the signal's reason when aborted
 */
export async function tryAction(
  { actions, limiter }: { actions: Actions; limiter: Limiter },
  by: Of & { userId: string; signal: AbortSignal },
  draft: ActionDraft,
  input: string,
): Promise<ActionTrial> {
  await limiter.enforce(["actionTrial", by.userId]);
  const { action, typed } = withSecretIds(draft, uuidV7);
  return actions.tryOut(action, jsonOrNull(input), { orgId: by.orgId, agentId: by.agentId, signal: by.signal, unsaved: typed });
}

/** Lets an action be used, or not. Nothing happens when it is gone. */
export async function setActionEnabled(db: Db, by: Of, change: { name: string; enabled: boolean }): Promise<void> {
  await changeSettings(db, by, (current) => ({
    ...current,
    actions: current.actions.map((action) => (action.name === change.name ? { ...action, enabled: change.enabled } : action)),
  }));
}

/** Deletes an action with its secrets. Nothing happens when it is gone. */
export async function deleteAction(db: Db, by: Of, name: string): Promise<void> {
  let before: AgentAction | undefined;
  await changeSettings(db, by, (current) => {
    before = current.actions.find((action) => action.name === name);
    return { ...current, actions: current.actions.filter((action) => action.name !== name) };
  });
  await removeSecrets(db, by, secretIdsOf(before));
}

const secretIdsOf = (action: AgentAction | undefined): string[] =>
  (action?.headers ?? []).flatMap((header) => ("secretId" in header ? [header.secretId] : []));

/** @throws RefusedChange when its name is another action's, or there are too many */
function withAction(actions: AgentAction[], action: AgentAction, was: string | null): AgentAction[] {
  if (actions.some(({ name }) => name === action.name && name !== was)) throw new RefusedChange({ name: "actionNameTaken" });
  if (actions.some(({ name }) => name === was)) return actions.map((other) => (other.name === was ? action : other));
  if (actions.length >= MAX_ACTIONS) throw new RefusedChange({ form: "tooManyActions" });
  return [...actions, action];
}

/** The stored secrets that cannot be sent to the action's host: given for another one, another agent's, or gone. */
async function secretsOfElsewhere(
  store: SecretStore,
  by: Of,
  action: AgentAction,
  typed: ReadonlyMap<string, string>,
): Promise<Record<string, ErrorCode> | null> {
  const errors: Record<string, ErrorCode> = {};
  for (const [index, header] of action.headers.entries()) {
    try {
      await store.headersOf({ ...action, headers: [header] }, { ...by, unsaved: typed });
    } catch (error) {
      if (!(error instanceof MissingSecretError)) throw error;
      errors[`headers.${index}.secret`] = "secretElsewhere";
    }
  }
  return Object.keys(errors).length > 0 ? errors : null;
}
