import type { CrmId } from "@gpt-agent/core/crm/crm";
import { expect, test } from "vitest";
import { startBitrix24 } from "../../e2e/fakes/crm/bitrix24.ts";
import type { FakeCrm } from "../../e2e/fakes/crm/fake-crm.ts";
import { startFakeHubspot } from "../../e2e/fakes/crm/hubspot.ts";
import { startFakePipedrive } from "../../e2e/fakes/crm/pipedrive.ts";
import { startFakeSalesforce } from "../../e2e/fakes/crm/salesforce.ts";
import { rows } from "../ingest/test-knowledge.ts";
import { startCrmWorld, startFastAmocrm } from "./test-world.ts";

const CRMS: [CrmId, () => Promise<FakeCrm>][] = [
  ["hubspot", startFakeHubspot],
  ["amocrm", startFastAmocrm],
  ["pipedrive", () => startFakePipedrive()],
  ["salesforce", () => startFakeSalesforce()],
  ["bitrix24", () => startBitrix24()],
];

test.each(CRMS)(
  "%s: a lead goes out once with its own limits kept, and comes in again",
  async (crm, startFake) => {
    const world = await startCrmWorld(crm, startFake, null);
    try {
      await world.connect({ pull: true, write: { deal: true, summaryNote: true, transcriptNote: true, tags: [] } });
      const visitorId = await world.visitor();
      await world.lead(visitorId, await world.conversation(visitorId), { name: "Anna Petrova", email: "anna@example.com" });
      expect(await world.work()).toEqual([]);
      expect([world.fake.contacts.size, world.fake.deals.size, world.fake.notes.size]).toEqual([1, 1, 2]);
      await world.backend.db.exec("update crm_pulls set due_at = now()");
      await world.backend.db.exec("select poll_crms()");
      expect(await world.work()).toEqual([]);
      expect(await rows(world.db.from("crm_contacts").select("email, deleted_at"))).toEqual([
        { email: "anna@example.com", deleted_at: null },
      ]);
      expect(world.fake.breaches()).toBe(0);
    } finally {
      await world.close();
    }
  },
  60_000,
);
