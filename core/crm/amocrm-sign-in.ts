import { z } from "zod";
import { accountHost } from "./account-host.ts";
import type { Crm, CrmCloud, CrmGrant, CrmHttp } from "./crm.ts";
import { lifetime, readAnswer, tokenText } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

/** Where accounts live: one label under these. amocrm.com is the former name of kommo.com. */
const DOMAINS: Record<CrmCloud, string[]> = { ru: ["amocrm.ru"], global: ["kommo.com", "amocrm.com"] };
const tokens = z.object({ access_token: tokenText, refresh_token: tokenText, expires_in: lifetime });

/**
 * How amoCRM and Kommo let us in (oauth/step-by-step): by OAuth at the account's own address, which comes back with the code, or by a
 * long-lived token of a private integration. @param url stands in for all hosts
 */
export function signIn(url?: string): Pick<Crm, "oauth" | "token"> {
  const host = (given: string | null, cloud: CrmCloud): string => url || `https://${accountHost(given, DOMAINS[cloud])}`;
  const token = async (http: CrmHttp, apiUrl: string, json: Record<string, string>): Promise<CrmGrant> => {
    const given = readAnswer(tokens, await http({ method: "POST", url: `${apiUrl}/oauth2/access_token`, json }));
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
      domain: "none",
      singleUseRefresh: true,
      authorizeUrl({ app, cloud, state }) {
        // Where it goes back to is written in the integration's settings, not here.
        const query = new URLSearchParams({ client_id: app.clientId, state, mode: "popup" });
        return `${url || `https://www.${DOMAINS[cloud][0]}`}/oauth?${query}`;
      },
      exchangeCode: async (http, { app, cloud, code, redirectUri, callback }) =>
        token(http, host(callback.get("referer"), cloud), {
          client_id: app.clientId,
          client_secret: app.clientSecret,
          grant_type: "authorization_code",
          code,
          redirect_uri: redirectUri,
        }),
      async refresh(http, { app, grant, redirectUri }) {
        if (!grant.refreshToken) throw new CrmError("unauthorized", "There is no refresh token");
        try {
          return await token(http, grant.apiUrl, {
            client_id: app.clientId,
            client_secret: app.clientSecret,
            grant_type: "refresh_token",
            refresh_token: grant.refreshToken,
            redirect_uri: redirectUri,
          });
        } catch (error) {
          // A used or revoked refresh token is answered with 400 or 401; neither gets better.
          if (error instanceof CrmError && error.code === "invalid")
            throw new CrmError("unauthorized", "The refresh token is no longer taken", { cause: error, detail: error.detail });
          throw error;
        }
      },
      revoke: null,
    },
    token: {
      asks: "token-and-domain",
      grantFrom({ token, domain, cloud }) {
        if (!/^[\w.~+/=-]{20,8000}$/.test(token.trim())) throw new CrmError("invalid", "This is no long-lived token");
        const apiUrl = host(domain, cloud);
        return { kind: "token", accessToken: token.trim(), refreshToken: null, expiresAt: null, apiUrl };
      },
    },
  };
}
