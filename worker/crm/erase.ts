import type { CrmDeps } from "@gpt-agent/core/crm/session";
import { type Turn, withConnection } from "./with-connection.ts";

/** Removes a record of ours from a CRM, since what it tells of was erased here. */
export async function eraseRecord(erasureId: string, deps: CrmDeps, turn: Turn): Promise<void> {
  const { data: erasure, error } = await deps.db
    .from("crm_erasures")
    .select("org_id, connection_id, object, external_id, connections(status)")
    .eq("id", erasureId)
    .eq("status", "pending")
    .maybeSingle();
  if (error) throw error;
  if (!erasure || !["ok", "failing"].includes(erasure.connections?.status ?? "")) return;
  const end = async (status: "done" | "failed" | "pending", code: string | null) => {
    const ended = await deps.db
      .from("crm_erasures")
      .update({ status, error_code: code, ended_at: status === "pending" ? null : new Date().toISOString() })
      .eq("org_id", erasure.org_id)
      .eq("id", erasureId);
    if (ended.error) throw ended.error;
  };
  await withConnection(
    {
      connectionId: erasure.connection_id,
      job: { name: "crm.erase", payload: { erasureId } },
      async run({ crm, call }) {
        await crm.remove(call, erasure.object as "contact" | "deal" | "note", erasure.external_id);
        await end("done", null);
      },
      settle: ({ kind, code }) => end(kind === "refused" || kind === "given_up" ? "failed" : "pending", code),
    },
    deps,
    turn,
  );
}
