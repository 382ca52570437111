// A backend with an organization that is connected to a fake CRM, for tests of the sync; jobs are done as the dispatcher and the queue would.
import { randomBytes, randomUUID } from "node:crypto";
import type { CrmGrant, CrmId, CrmLimit } from "@gpt-agent/core/crm/crm";
import { type CrmSettings, crmGrantPlace, DEFAULT_CRM_SETTINGS } from "@gpt-agent/core/crm/crm-settings";
import { type Crms, createCrms } from "@gpt-agent/core/crm/crms";
import type { Db } from "@gpt-agent/core/db";
import type { Json } from "@gpt-agent/core/db-types";
import { createSafeFetch, type SafeFetch } from "@gpt-agent/core/safe-fetch";
import { createSecretBox } from "@gpt-agent/core/secrets";
import { startAmocrm } from "../../e2e/fakes/crm/amocrm.ts";
import type { FakeCrm } from "../../e2e/fakes/crm/fake-crm.ts";
import { must, rows, startKnowledge } from "../ingest/test-knowledge.ts";
import { handleJob, type JobDeps } from "../jobs/index.ts";

export const APP_URL = "https://portal.example";
export type CrmWorld = Awaited<ReturnType<typeof startCrmWorld>>;

/** The CRMs with limits of a test's own: real ones make tests wait. */
export function withLimits(crms: Crms, limits: readonly CrmLimit[]): Crms {
  return { ...crms, get: (id) => Object.create(crms.get(id), { limits: { value: limits } }) };
}

/** amoCRM without a limit: the one whose refresh tokens work once. */
export const startFastAmocrm = () =>
  startAmocrm({ limit: { count: 1_000_000, ms: 1_000 }, redirectUri: `${APP_URL}/integrations/crm/callback` });

export async function startCrmWorld(id: CrmId, startFake: () => Promise<FakeCrm>, limits: readonly CrmLimit[] | null = []) {
  const world = await startKnowledge();
  let fake = await startFake();
  const cloud = id === "amocrm" ? ("ru" as const) : ("global" as const);
  const secretBox = createSecretBox([{ id: "1", key: randomBytes(32) }]);

  const crmsOf = (): Crms => {
    const crms = createCrms({ apps: { [`${id}.${cloud}`]: fake.app }, urls: { [id]: fake.url } });
    return limits ? withLimits(crms, limits) : crms;
  };
  const deps = (): JobDeps => ({
    db: world.db,
    log: world.log,
    embedder: null,
    egress: createSafeFetch(),
    crmEgress: createSafeFetch({ allow: [fake.url] }),
    secretBox,
    mailer: null,
    crms: crmsOf(),
    appUrl: APP_URL,
    backup: null,
  });

  return {
    ...world,
    secretBox,
    deps,
    get fake() {
      return fake;
    },

    /** A fresh fake, and nothing synced. */
    async reset() {
      await fake.close();
      fake = await startFake();
      for (const table of ["connections", "conversations", "visitors"] as const)
        await must(world.db.from(table).delete().eq("org_id", world.orgId));
      await must(world.db.from("outbox").delete().not("id", "is", null));
    },

    async close() {
      await fake.close();
      await world.close();
    },

    async connect(settings: Partial<CrmSettings> = {}, grant: CrmGrant = fake.grant()): Promise<string> {
      const connectionId = randomUUID();
      await must(
        world.db.from("connections").insert({
          id: connectionId,
          org_id: world.orgId,
          crm: id,
          cloud,
          name: "CRM",
          account_id: fake.account.externalId,
          grant_kind: grant.kind,
          sealed_grant: secretBox.seal(JSON.stringify(grant), crmGrantPlace(world.orgId, connectionId)),
          grant_expires_at: grant.expiresAt,
          settings: { ...DEFAULT_CRM_SETTINGS, ...settings } as Json,
        }),
      );
      return connectionId;
    },
    /** A new sign-in at a fake that takes tokens again, as `reauthorize_connection` has it. */
    async reconnect(connectionId: string) {
      const contacts = [...fake.contacts.values()];
      await fake.close();
      fake = await startFake();
      for (const contact of contacts) fake.contacts.set(contact.id, contact);
      const grant = fake.grant();
      const sealed = secretBox.seal(JSON.stringify(grant), crmGrantPlace(world.orgId, connectionId));
      await world.backend.db.query(
        "update connections set sealed_grant = $1, grant_expires_at = $2, grant_generation = grant_generation + 1, status = 'ok', error_code = null where id = $3",
        [sealed, grant.expiresAt, connectionId],
      );
      await must(world.db.from("outbox").insert({ org_id: world.orgId, name: "crm.setup", payload: { connectionId } }));
    },
    connection: (connectionId: string) => found(world.db.from("connections").select("*").eq("id", connectionId).single()),
    grantOf(row: { id: string; sealed_grant: string }): CrmGrant {
      return JSON.parse(secretBox.open(row.sealed_grant, crmGrantPlace(world.orgId, row.id)));
    },

    async visitor(verified?: { externalId: string; email: string | null; phone: string | null; name: string | null }): Promise<string> {
      const { id: visitorId } = await found(
        world.db
          .from("visitors")
          .insert({
            org_id: world.orgId,
            agent_id: world.agentId,
            ...(verified
              ? {
                  external_id: verified.externalId,
                  email: verified.email,
                  phone: verified.phone,
                  name: verified.name,
                  verified_at: new Date().toISOString(),
                }
              : {}),
          })
          .select("id")
          .single(),
      );
      return visitorId;
    },
    async conversation(visitorId: string, questions = ["How much is delivery?"]): Promise<string> {
      const { id: conversationId } = await found(
        world.db
          .from("conversations")
          .insert({ org_id: world.orgId, agent_id: world.agentId, visitor_id: visitorId, client_id: randomUUID(), title: questions[0]! })
          .select("id")
          .single(),
      );
      for (const body of questions)
        await must(world.db.from("messages").insert({ org_id: world.orgId, conversation_id: conversationId, author: "visitor", body }));
      return conversationId;
    },
    lead: (visitorId: string, conversationId: string, given: { name?: string; email?: string; phone?: string; message?: string }) =>
      must(
        world.db.from("leads").insert({
          org_id: world.orgId,
          agent_id: world.agentId,
          conversation_id: conversationId,
          visitor_id: visitorId,
          idempotency_key: randomUUID(),
          request_hash: "0".repeat(64),
          ...given,
        }),
      ),

    /** What waits in the outbox, due or not, of these jobs. */
    waiting: async (name: string) => (await rows(world.db.from("outbox").select("*").eq("name", name).is("sent_at", null))).length,

    /** Does all jobs there are, also those that are due later, until there are none. @returns the names of the failed ones */
    async work(given: Partial<JobDeps> = {}, lastAttempt = true): Promise<string[]> {
      const failed: string[] = [];
      for (let round = 0; round < 200; round++) {
        await world.backend.db.exec("update outbox set available_at = now() where sent_at is null");
        const jobs = await rows(world.db.rpc("claim_outbox", { batch_size: 200 }));
        if (jobs.length === 0) return failed;
        for (const job of jobs) {
          const running = {
            ...{ id: job.id, turn: job.turn, stalls: 0, name: job.name, payload: job.payload },
            ...{ attempt: 1, lastAttempt, signal: new AbortController().signal },
          };
          await handleJob(running, { ...deps(), ...given }).catch(() => failed.push(job.name));
        }
        await must(world.db.rpc("settle_jobs", { outcomes: jobs.map(({ id: job, turn }) => ({ id: job, turn, outcome: "done" })) }));
      }
      throw new Error("There is no end of jobs");
    },
  };
}

/** What a query found; what it does not find fails the test. */
export async function found<T>(query: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const data = await must(query);
  if (data === null || data === undefined) throw new Error("Nothing was found");
  return data;
}

class Killed extends Error {}

/** Deps of a process that is killed at its n-th step outside: before the step has an effect, or after, without hearing of it. */
export function mortal(deps: JobDeps, dieAt: number, when: "before" | "after"): JobDeps & { steps(): number } {
  let steps = 0;
  const step = async <T>(act: () => PromiseLike<T>): Promise<T> => {
    steps++;
    if (steps > dieAt || (steps === dieAt && when === "before")) throw new Killed();
    const result = await act();
    if (steps >= dieAt) throw new Killed();
    return result;
  };
  const db = new Proxy(deps.db, {
    get: (target, key) =>
      key === "rpc" ? (...args: Parameters<Db["rpc"]>) => step(() => target.rpc(...args)) : Reflect.get(target, key, target).bind(target),
  });
  const crmEgress: SafeFetch = (...args) => step(() => deps.crmEgress(...args));
  return { ...deps, db, crmEgress, steps: () => steps };
}
