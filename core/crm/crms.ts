import type { Crm, CrmApp, CrmCloud, CrmId } from "./crm.ts";

/** How to reach the CRMs: the platform's registrations with them, and other addresses than the real ones, for tests. */
export type CrmConfig = {
  /** By CRM and cloud; a CRM without one connects by token alone. */
  apps: Partial<Record<`${CrmId}.${CrmCloud}`, CrmApp>>;
  /** Origins in place of a CRM's own hosts. */
  urls: Partial<Record<CrmId, string>>;
};

/** Makes an adapter; `url` stands in for all of the CRM's hosts. */
export type CrmMaker = (url?: string) => Crm;

const MAKERS: Partial<Record<CrmId, CrmMaker>> = {};

export type Crms = {
  /** @throws TypeError for a CRM that there is not */
  get(id: CrmId): Crm;
  /** All there are, in the order in which they are offered. */
  all(): Crm[];
  /** The platform's registration, null where there is none. */
  app(id: CrmId, cloud: CrmCloud): CrmApp | null;
};

/** The CRMs, as the environment has them. */
export function createCrms(config: CrmConfig): Crms {
  const made = new Map((Object.entries(MAKERS) as [CrmId, CrmMaker][]).map(([id, make]) => [id, make(config.urls[id])]));
  return {
    get(id) {
      const crm = made.get(id);
      if (!crm) throw new TypeError(`There is no CRM ${id}`);
      return crm;
    },
    all: () => [...made.values()],
    app: (id, cloud) => config.apps[`${id}.${cloud}`] ?? null,
  };
}
