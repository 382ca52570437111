import { createHash, randomBytes } from "node:crypto";
import type { CrmApp } from "../../../core/crm/crm.ts";
import type { FakeAnswer } from "./fake-crm.ts";

/** What RFC 6749 §5.2 calls it. */
export type OAuthRefusal = {
  error: "invalid_grant" | "invalid_client" | "invalid_request" | "unsupported_grant_type";
  description: string;
};
export type OAuthTokens = { accessToken: string; refreshToken: string };

/**
 * The authorization server inside a fake (RFC 6749, RFC 7636): a consent page with two buttons, codes that work once and with the redirect
 * address they were asked for, tokens that run out, rotate and are revoked.
 */
export function createFakeOAuth(options: {
  app: CrmApp;
  pkce: boolean;
  /** Each refresh replaces the refresh token; the old one is refused from then on. */
  rotates: boolean;
  /** What comes back to the redirect address beside code and state. */
  extra?: Record<string, string>;
}) {
  const codes = new Map<string, { redirectUri: string; challenge: string | null }>();
  const access = new Map<string, string>();
  const refresh = new Set<string>();
  const secret = (prefix: string) => prefix + randomBytes(24).toString("base64url");
  const refusal = (error: OAuthRefusal["error"], description: string): OAuthRefusal => ({ error, description });

  function issue(refreshToken = secret("refresh-")): OAuthTokens {
    const accessToken = secret("access-");
    refresh.add(refreshToken);
    access.set(accessToken, refreshToken);
    return { accessToken, refreshToken };
  }

  function revoke(token: string): boolean {
    const family = access.get(token) ?? token;
    if (!refresh.delete(family)) return false;
    for (const [accessToken, of] of access) if (of === family) access.delete(accessToken);
    return true;
  }

  return {
    issue,
    revoke,
    accepts: (token: string) => access.has(token),
    expire: () => access.clear(),
    revokeAll() {
      access.clear();
      refresh.clear();
    },

    /** GET of the authorize address: a page that asks; with `decision` in the query, what its buttons lead to. */
    consent(url: URL): FakeAnswer {
      const { client_id, redirect_uri, response_type, state, code_challenge, code_challenge_method, decision } = Object.fromEntries(
        url.searchParams,
      );
      if (client_id !== options.app.clientId) return { status: 400, html: "<p>There is no such application.</p>" };
      if (!redirect_uri || !URL.canParse(redirect_uri)) return { status: 400, html: "<p>The redirect address is not registered.</p>" };
      if (response_type !== undefined && response_type !== "code") return { status: 400, html: "<p>Only codes are given.</p>" };
      if (options.pkce && (!code_challenge || code_challenge_method !== "S256"))
        return { status: 400, html: "<p>A code challenge is required.</p>" };
      const back = new URL(redirect_uri);
      if (state) back.searchParams.set("state", state);
      if (!decision) return { html: consentPage(url) };
      if (decision === "allow") {
        const code = secret("code-");
        codes.set(code, { redirectUri: redirect_uri, challenge: code_challenge ?? null });
        back.searchParams.set("code", code);
        for (const [name, value] of Object.entries(options.extra ?? {})) back.searchParams.set(name, value);
      } else back.searchParams.set("error", "access_denied");
      return { status: 302, headers: { location: back.href } };
    },

    /** The token endpoint, after the client's id and secret were read from where this CRM takes them. */
    token(form: Record<string, unknown>, client: { id: unknown; secret: unknown }): OAuthTokens | OAuthRefusal {
      if (client.id !== options.app.clientId || client.secret !== options.app.clientSecret)
        return refusal("invalid_client", "client credentials are not valid");
      if (form.grant_type === "authorization_code") {
        const code = codes.get(String(form.code));
        codes.delete(String(form.code));
        if (!code) return refusal("invalid_grant", "the code is unknown, expired or was used");
        if (form.redirect_uri !== code.redirectUri)
          return refusal("invalid_grant", "redirect_uri is not that of the authorization request");
        const challenge = createHash("sha256").update(String(form.code_verifier)).digest("base64url");
        if (options.pkce && challenge !== code.challenge) return refusal("invalid_grant", "the code verifier is wrong");
        return issue();
      }
      if (form.grant_type === "refresh_token") {
        const old = String(form.refresh_token);
        if (!refresh.has(old)) return refusal("invalid_grant", "the refresh token is unknown, expired or revoked");
        if (!options.rotates) return issue(old);
        refresh.delete(old);
        return issue();
      }
      return refusal("unsupported_grant_type", "only authorization_code and refresh_token");
    },

    walk: walkConsent,
  };
}

/** Walks a consent as a person does who says yes. @returns the parameters that come back */
export async function walkConsent(authorizeUrl: string): Promise<URLSearchParams> {
  const page = await fetch(authorizeUrl, { redirect: "manual" });
  const html = await page.text();
  if (page.status !== 200 || !html.includes("Allow")) throw new Error(`The consent page answered ${page.status}: ${html}`);
  const said = await fetch(`${authorizeUrl}&decision=allow`, { redirect: "manual" });
  return new URL(said.headers.get("location")!).searchParams;
}

/** A page that asks; its buttons lead to the same address with `decision` (allow, deny) in the query. */
export function consentPage(url: URL): string {
  const fields = [...url.searchParams]
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join("");
  return `<!doctype html><title>Allow access?</title><h1>Allow access?</h1><form action="${escaped(url.pathname)}">${fields}
<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Cancel</button></form>`;
}

const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
