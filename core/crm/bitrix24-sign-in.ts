import { z } from "zod";
import { accountHost } from "./account-host.ts";
import type { Crm, CrmCloud, CrmGrant, CrmHttp } from "./crm.ts";
import { lifetime, readAnswer, tokenText } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

/** Where cloud accounts live: one label under one of these. A box or a domain of one's own is not among them (see docs/CRM.md). */
const GLOBAL = "com eu de fr it es pl uk in id vn jp cn mx co com.br com.tr kz by ua".split(" ").map((end) => `bitrix24.${end}`);
const DOMAINS: Record<CrmCloud, string[]> = { ru: ["bitrix24.ru"], global: GLOBAL };
/** The authorization servers; secrets go to them alone, never to an account's own address (settings/oauth). */
const AUTHORIZATION: Record<CrmCloud, string> = { ru: "https://oauth.bitrix24.tech", global: "https://oauth.bitrix.info" };

const tokens = z.object({
  access_token: tokenText,
  refresh_token: tokenText,
  expires_in: lifetime,
  client_endpoint: z.url(),
});

/**
 * How Bitrix24 lets us in: by OAuth at the account's own address (settings/oauth/index, auto-renewal), or by the address of an inbound
 * webhook (local-integrations/local-webhooks). @param url stands in for all hosts
 */
export function signIn(url?: string): Pick<Crm, "oauth" | "token"> {
  const token = async (http: CrmHttp, cloud: CrmCloud, query: Record<string, string>): Promise<CrmGrant> => {
    const given = readAnswer(tokens, await http({ method: "GET", url: `${url || AUTHORIZATION[cloud]}/oauth/token/`, query }));
    const endpoint = new URL(given.client_endpoint);
    // The address may have changed since: the answer names the one of today.
    const apiUrl = url || `https://${accountHost(endpoint.protocol === "https:" ? endpoint.host : "", DOMAINS[cloud])}`;
    return {
      kind: "oauth",
      accessToken: given.access_token,
      refreshToken: given.refresh_token,
      expiresAt: new Date(Date.now() + given.expires_in * 1000).toISOString(),
      apiUrl,
    };
  };
  return {
    oauth: {
      pkce: false,
      domain: "needed",
      // "After they are used, refresh_token and access_token, issued jointly with it, become invalid."
      singleUseRefresh: true,
      authorizeUrl({ app, cloud, domain, state }) {
        const query = new URLSearchParams({ client_id: app.clientId, response_type: "code", state });
        return `${url || `https://${accountHost(domain ?? "", DOMAINS[cloud])}`}/oauth/authorize/?${query}`;
      },
      exchangeCode: async (http, { app, cloud, code }) =>
        token(http, cloud, { grant_type: "authorization_code", client_id: app.clientId, client_secret: app.clientSecret, code }),
      async refresh(http, { app, cloud, grant }) {
        if (!grant.refreshToken) throw new CrmError("unauthorized", "There is no refresh token");
        const credentials = { client_id: app.clientId, client_secret: app.clientSecret };
        return token(http, cloud, { grant_type: "refresh_token", ...credentials, refresh_token: grant.refreshToken });
      },
      revoke: null,
    },
    token: {
      asks: "webhook-url",
      grantFrom({ token, cloud }) {
        const [, origin, user, code] =
          /^(https?:\/\/[^/?#\s]{1,260})\/rest\/([1-9]\d{0,9})\/([A-Za-z0-9]{8,64})\/?$/.exec(token.trim()) ?? [];
        const host = origin?.replace(/^https:\/\//, "") ?? "";
        if (!origin || (origin !== url && `https://${accountHost(host, DOMAINS[cloud])}` !== origin.toLowerCase()))
          throw new CrmError("invalid", "This is no address of an inbound webhook");
        const apiUrl = origin.toLowerCase();
        return { kind: "token", accessToken: `${apiUrl}/rest/${user}/${code}`, refreshToken: null, expiresAt: null, apiUrl };
      },
    },
  };
}
