import { originOf } from "@gpt-agent/core/action-url";
import { crmGrantPlace, crmInboundPlace } from "@gpt-agent/core/crm/crm-settings";
import type { Db } from "@gpt-agent/core/db";
import type { Log } from "@gpt-agent/core/log";
import { type SealedFor, type SecretBox, SecretError } from "@gpt-agent/core/secrets";
import { webhookSecretPlace } from "@gpt-agent/core/webhook-events";
import { z } from "zod";

type Row = { id: string; org_id: string; agent_id?: string };
type Place = (row: Row, db: Db) => SealedFor | Promise<SealedFor[]>;

/** Where sealed texts are kept, and what each is bound to. A test holds this against the database's own columns. */
export const SEALED_COLUMNS: { table: string; column: string; also?: string; place: Place }[] = [
  {
    table: "agent_secrets",
    column: "sealed",
    also: "agent_id",
    place: agentSecretPlaces,
  },
  { table: "webhook_endpoints", column: "sealed_secret", place: ({ org_id, id }) => webhookSecretPlace(org_id, id) },
  { table: "webhook_endpoints", column: "previous_secret", place: ({ org_id, id }) => webhookSecretPlace(org_id, id) },
  { table: "identity_keys", column: "sealed_secret", place: ({ org_id, id }) => ({ orgId: org_id, purpose: "identity_keys", rowId: id }) },
  { table: "connections", column: "sealed_grant", place: ({ org_id, id }) => crmGrantPlace(org_id, id) },
  { table: "connections", column: "sealed_inbound_secret", place: ({ org_id, id }) => crmInboundPlace(org_id, id) },
];

/** Sealed texts that nobody needs after a quarter of an hour. */
export const PASSING_SEALED_COLUMNS = ["connection_sign_ins.sealed_verifier"];

const BATCH = 100;

/**
 * Seals everything anew that was sealed under a key that has been replaced, so that the old key can be taken out of ENCRYPTION_KEY. Goes
 * row by row, each replaced only where it still is what was opened: ended anywhere, it goes on with the next run, and it takes nothing away
 * from who changes a secret meanwhile. What cannot be opened stays and is told of.
 * @returns how many were sealed anew, and how many could not be
 */
export async function resealSecrets(
  { db, secretBox, log }: { db: Db; secretBox: SecretBox; log: Log },
  signal: AbortSignal,
): Promise<{ resealed: number; stuck: number }> {
  const count = { resealed: 0, stuck: 0 };
  for (const one of SEALED_COLUMNS) {
    for (let after = "00000000-0000-0000-0000-000000000000"; ; ) {
      signal.throwIfAborted();
      const rows = await batchOf(db, one, after);
      for (const row of rows) {
        const sealed = row[one.column as keyof Row] as string;
        if (!secretBox.isStale(sealed)) continue;
        try {
          const fresh = sealAnew(sealed, [await one.place(row, db)].flat(), secretBox);
          const { error } = await db
            .from(one.table as "connections")
            .update({ [one.column]: fresh } as never)
            .eq("org_id", row.org_id)
            .eq("id", row.id)
            .eq(one.column as "sealed_grant", sealed);
          if (error) throw error;
          count.resealed++;
        } catch (error) {
          if (!(error instanceof SecretError)) throw error;
          count.stuck++;
          log.debug("A secret cannot be opened, and stays under its old key", { table: one.table, id: row.id, code: error.code });
        }
      }
      if (rows.length < BATCH) break;
      after = rows.at(-1)!.id;
    }
  }
  if (count.resealed > 0) log.info("Secrets were sealed anew under the newest key", count);
  if (count.stuck > 0) log.warn("Secrets cannot be opened, and stay under an old key", count);
  return count;
}

/** @throws SecretError when it opens at none of the places */
function sealAnew(sealed: string, places: SealedFor[], secretBox: SecretBox): string {
  let failure = new SecretError("not_authentic", "Nothing says what the secret belongs to.");
  for (const place of places) {
    try {
      return secretBox.seal(secretBox.open(sealed, place), place);
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

const actionsOf = z.object({
  actions: z.array(z.object({ url: z.string(), headers: z.array(z.object({ secretId: z.string().optional() })) })).catch([]),
});

/** A secret of an action is bound to the origin it is sent to, which only the agent's versions name: those that use it, newest first. */
async function agentSecretPlaces({ id, org_id, agent_id }: Row, db: Db): Promise<SealedFor[]> {
  const { data, error } = await db
    .from("agent_versions")
    .select("settings")
    .eq("org_id", org_id)
    .eq("agent_id", agent_id!)
    .order("created_at", { ascending: false })
    .limit(200);
  if (error) throw error;
  const origins = data.flatMap(({ settings }) =>
    (actionsOf.safeParse(settings).data?.actions ?? []).flatMap(({ url, headers }) =>
      headers.some(({ secretId }) => secretId === id) ? [originOf(url)] : [],
    ),
  );
  return [...new Set(origins)].map((origin) => ({ orgId: org_id, purpose: `agent_secrets ${origin}`, rowId: id }));
}

async function batchOf(db: Db, { table, column, also }: (typeof SEALED_COLUMNS)[number], after: string): Promise<Row[]> {
  const { data, error } = await db
    .from(table as "connections")
    .select(["id", "org_id", column, ...(also ? [also] : [])].join(", "))
    .not(column, "is", null)
    .gt("id", after)
    .order("id")
    .limit(BATCH);
  if (error) throw error;
  return data as unknown as Row[];
}
