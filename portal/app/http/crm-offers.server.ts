import type { CrmCloud, CrmId, CrmOAuth } from "@gpt-agent/core/crm/crm";
import { crms } from "~/services.server";

/** One way to begin: a CRM in one of its clouds. */
export type CrmOffer = {
  crm: CrmId;
  cloud: CrmCloud;
  /** Signing in there, where the platform is registered with the CRM. */
  signIn: { domain: CrmOAuth["domain"] } | null;
  /** A token made there: alone, with the account's address, or as a webhook's URL. */
  token: "token" | "token-and-domain" | "webhook-url" | null;
};

/** Every CRM that can be connected here, in the order in which they are offered. */
export function crmOffers(only?: { crm: CrmId; cloud: CrmCloud }): CrmOffer[] {
  return crms.all().flatMap((crm) =>
    crm.clouds
      .filter((cloud) => !only || (only.crm === crm.id && only.cloud === cloud))
      .map((cloud) => ({
        crm: crm.id,
        cloud,
        signIn: crm.oauth && crms.app(crm.id, cloud) ? { domain: crm.oauth.domain } : null,
        token: crm.token?.asks ?? null,
      })),
  );
}
