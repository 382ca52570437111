import type { CrmEnv } from "../env.ts";
import { createSafeFetch, type SafeFetch } from "../safe-fetch.ts";
import { amocrm } from "./amocrm.ts";
import { bitrix24 } from "./bitrix24.ts";
import type { Crm, CrmApp, CrmCloud, CrmId } from "./crm.ts";
import { hubspot } from "./hubspot.ts";
import { pipedrive } from "./pipedrive.ts";
import { salesforce } from "./salesforce.ts";

/** How to reach the CRMs: the platform's registrations with them, and other addresses than the real ones, for tests. */
export type CrmConfig = {
  /** By CRM and cloud; a CRM without one connects by token alone. */
  apps: Partial<Record<`${CrmId}.${CrmCloud}`, CrmApp>>;
  /** Origins in place of a CRM's own hosts. */
  urls: Partial<Record<CrmId, string>>;
};

const app = (clientId: string | undefined, clientSecret: string | undefined): CrmApp | undefined =>
  clientId && clientSecret ? { clientId, clientSecret } : undefined;

/** The environment's part about CRMs. amoCRM's international cloud is Kommo, with a registration of its own; one of Bitrix24 serves both. */
export function crmConfig(env: CrmEnv): CrmConfig {
  const bitrix24 = app(env.BITRIX24_CLIENT_ID, env.BITRIX24_CLIENT_SECRET);
  const apps: Record<string, CrmApp | undefined> = {
    "hubspot.global": app(env.HUBSPOT_CLIENT_ID, env.HUBSPOT_CLIENT_SECRET),
    "salesforce.global": app(env.SALESFORCE_CLIENT_ID, env.SALESFORCE_CLIENT_SECRET),
    "pipedrive.global": app(env.PIPEDRIVE_CLIENT_ID, env.PIPEDRIVE_CLIENT_SECRET),
    "amocrm.ru": app(env.AMOCRM_CLIENT_ID, env.AMOCRM_CLIENT_SECRET),
    "amocrm.global": app(env.KOMMO_CLIENT_ID, env.KOMMO_CLIENT_SECRET),
    "bitrix24.ru": bitrix24,
    "bitrix24.global": bitrix24,
  };
  const urls: Record<CrmId, string | undefined> = {
    hubspot: env.HUBSPOT_URL,
    salesforce: env.SALESFORCE_URL,
    pipedrive: env.PIPEDRIVE_URL,
    amocrm: env.AMOCRM_URL,
    bitrix24: env.BITRIX24_URL,
  };
  const present = <T>(given: Record<string, T | undefined>) =>
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { apps: present(apps) as CrmConfig["apps"], urls: present(urls) as CrmConfig["urls"] };
}

/**
 * The way out to CRMs: besides the public internet to the origins in `urls`, which no address of a customer's reaches, and to nothing else.
 * What EGRESS_ALLOW lists is for agents' actions alone.
 */
export const createCrmEgress = ({ urls }: CrmConfig, options: { userAgent: string }): SafeFetch =>
  createSafeFetch({ ...options, allow: Object.values(urls) });

/** Makes an adapter; `url` stands in for all of the CRM's hosts. */
export type CrmMaker = (url?: string) => Crm;

const MAKERS: Record<CrmId, CrmMaker> = { hubspot, salesforce, pipedrive, amocrm, bitrix24 };

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
