import { z } from "zod";
import type { CrmApp, CrmGrant, CrmHttp, CrmOAuth } from "./crm.ts";
import { readAnswer } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

/** Salesforce does not say how long a session lasts: the account sets it, two hours unless changed. A shorter one ends with a 401. */
const SESSION_MS = 2 * 60 * 60 * 1000;

const tokens = z.object({ access_token: z.string().min(1), refresh_token: z.string().min(1).optional(), instance_url: z.string() });

/** An account's own origin, where its tokens may be sent. */
export const isInstanceOrigin = (address: string): boolean =>
  /^https:\/\/(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)+(?:salesforce|force)\.com$/.test(address);

const isLoginHost = (host: string) =>
  /^(?:login|test)\.salesforce\.com$|^(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)+my\.salesforce\.com$/.test(host);

/**
 * Where an account signs in, from its address as people paste it. In a browser an account stands at its Lightning or Setup address; one
 * signs in at the My Domain address of the same name (help.salesforce.com, "My Domain URL Formats").
 * @returns login.salesforce.com for ""
 * @throws CrmError("invalid") for a host that is not Salesforce's
 */
function loginHost(domain: string): string {
  const host = domain
    .trim()
    .toLowerCase()
    .replace(/^https:\/\//, "")
    .replace(/\/$/, "")
    .replace(/\.(lightning\.force|my\.salesforce-setup)\.com$/, ".my.salesforce.com");
  if (!host) return "login.salesforce.com";
  if (!isLoginHost(host)) throw new CrmError("invalid", "This is no address of Salesforce, such as acme.my.salesforce.com");
  return host;
}

/**
 * The web server flow with PKCE: help.salesforce.com, "OAuth 2.0 Web Server Flow for Web App Integration", "Refresh Token Flow". Whether refresh
 * tokens rotate is a setting of the app; they are treated as if they did, which is right either way.
 */
export function salesforceOAuth(url: string | undefined): CrmOAuth {
  const loginAt = (domain: string | null | undefined): string => {
    const host = loginHost(domain ?? "");
    return url || `https://${host}`;
  };
  const grantOf = async (
    http: CrmHttp,
    server: string,
    app: CrmApp,
    form: Record<string, string>,
    old: string | null,
  ): Promise<CrmGrant> => {
    const client = { client_id: app.clientId, client_secret: app.clientSecret };
    const given = readAnswer(tokens, await http({ method: "POST", url: `${server}/services/oauth2/token`, form: { ...client, ...form } }));
    const instance = given.instance_url.toLowerCase().replace(/\/$/, "");
    if (!url && !isInstanceOrigin(instance)) throw new CrmError("invalid", "The token belongs to an address that is not Salesforce's");
    const refreshToken = given.refresh_token ?? old;
    if (!refreshToken)
      throw new CrmError("invalid", "There is no refresh token", { detail: "The app needs the scope refresh_token (offline access)" });
    const expiresAt = new Date(Date.now() + SESSION_MS).toISOString();
    return { kind: "oauth", accessToken: given.access_token, refreshToken, expiresAt, apiUrl: url || instance };
  };
  return {
    pkce: true,
    domain: "optional",
    singleUseRefresh: true,
    authorizeUrl: ({ app, domain, state, redirectUri, codeChallenge }) =>
      `${loginAt(domain)}/services/oauth2/authorize?${new URLSearchParams({
        response_type: "code",
        client_id: app.clientId,
        redirect_uri: redirectUri,
        scope: "api refresh_token",
        state,
        code_challenge: codeChallenge,
        code_challenge_method: "S256",
      })}`,
    exchangeCode: (http, { app, code, redirectUri, codeVerifier, domain }) =>
      grantOf(
        http,
        loginAt(domain),
        app,
        { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: codeVerifier },
        null,
      ),
    refresh: (http, { app, grant }) =>
      grantOf(http, grant.apiUrl, app, { grant_type: "refresh_token", refresh_token: grant.refreshToken ?? "" }, grant.refreshToken),
    async revoke(http, { grant }) {
      const token = grant.refreshToken ?? grant.accessToken;
      await http({ method: "POST", url: `${grant.apiUrl}/services/oauth2/revoke`, form: { token } });
    },
  };
}
