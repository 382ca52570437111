import { keysToKeep } from "@gpt-agent/core/crm/push-plan";
import type { CrmDeps } from "@gpt-agent/core/crm/session";
import { z } from "zod";
import { PermanentFailure } from "../queue/job-queue.ts";
import { contactRows } from "./contact-rows.ts";
import { type Turn, withConnection } from "./with-connection.ts";

const begun = z.discriminatedUnion("state", [
  z.object({ state: z.enum(["ended", "stopped", "held"]) }),
  z.object({
    state: z.literal("begun"),
    orgId: z.uuid(),
    connectionId: z.uuid(),
    contactId: z.string(),
    events: z.array(z.uuid()).min(1),
    wanted: z.boolean(),
  }),
]);

/**
 * Looks at the contact that a CRM told of, and keeps what it is now: an event says that something changed, never what. All events that wait
 * about one contact are done with one look. After the last try they are dead letters, until an admin decides.
 */
export async function receiveInbound(eventId: string, deps: CrmDeps, turn: Turn): Promise<void> {
  const { data, error } = await deps.db.rpc("begin_crm_inbound", { event: eventId, job: turn.id });
  if (error) throw error;
  const parsed = begun.safeParse(data);
  if (!parsed.success) throw new PermanentFailure(`An inbound event is malformed: ${parsed.error.message}`);
  const event = parsed.data;
  if (event.state !== "begun") return;
  const { events, contactId } = event;
  const end = async (contacts: ReturnType<typeof contactRows>, gone: string[]) => {
    const ended = await deps.db.rpc("end_crm_inbound", { events, job: turn.id, contacts, gone });
    if (ended.error) throw ended.error;
  };
  if (!event.wanted) return end([], []);
  await withConnection(
    {
      connectionId: event.connectionId,
      job: { name: "crm.inbound", payload: { eventId } },
      async run({ crm, call, connection }) {
        const contact = await crm.get(call, contactId, keysToKeep(connection.settings));
        await (contact ? end(contactRows([contact], connection.settings), []) : end([], [contactId]));
      },
      async settle({ kind, code, detail }) {
        const dead = kind === "refused" || kind === "given_up";
        const failed = await deps.db.rpc("fail_crm_inbound", { events, job: turn.id, dead, code, detail });
        if (failed.error) throw failed.error;
      },
    },
    deps,
    turn,
  );
}
