import { createHash, randomBytes } from "node:crypto";
import { CRM_IDS, type CrmCloud, type CrmGrant, type CrmId } from "@gpt-agent/core/crm/crm";
import { CrmError } from "@gpt-agent/core/crm/crm-error";
import { crmHttp } from "@gpt-agent/core/crm/crm-http";
import { crmRedirectUri } from "@gpt-agent/core/crm/crm-settings";
import type { Db } from "@gpt-agent/core/db";
import { parseCookieHeader, serializeCookieHeader } from "@supabase/ssr";
import { z } from "zod";
import { unwrap } from "~/models/result.server";
import { crmEgress, crms, env, secretBox } from "~/services.server";

const redirectUri = crmRedirectUri(env.APP_URL);
const https = env.APP_URL.startsWith("https:");
/** Ties a sign-in at a CRM to the browser that began it (RFC 6749 §10.12). */
const COOKIE = https ? "__Host-gap-crm" : "gap-crm";
/** As long as a sign-in may take; the database keeps its row as long. */
const MAX_AGE_S = 15 * 60;
/** 32 random bytes in base64url. */
const TOKEN = /^[\w-]{43}$/;
/** For the exchange of a code, in milliseconds. */
const TIMEOUT_MS = 30_000;

const fresh = () => randomBytes(32).toString("base64url");
const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");
/** What the PKCE verifier is sealed for: this very sign-in. */
const verifierPlace = (orgId: string, stateHash: string) => ({ orgId, purpose: "connection_sign_ins", rowId: stateHash });

const browserOf = (request: Request): string | null => {
  const value = parseCookieHeader(request.headers.get("cookie") ?? "").find(({ name }) => name === COOKIE)?.value ?? "";
  return TOKEN.test(value) ? value : null;
};

export type SignInWish = { orgId: string; crm: CrmId; cloud: CrmCloud; domain: string | null; connectionId: string | null };

/**
 * Begins a sign-in at a CRM: `url` is where the browser goes, `setCookie` what it must carry back. Of the state only the hash is kept.
 * @throws CrmError("invalid") for an address that is not the CRM's; AppError as the database refuses
 */
export async function beginSignIn(request: Request, db: Db, wish: SignInWish): Promise<{ url: string; setCookie: string }> {
  const app = crms.app(wish.crm, wish.cloud);
  const { oauth } = crms.get(wish.crm);
  if (!app || !oauth) throw new CrmError("invalid", "This CRM is not signed in to here");
  const [state, verifier] = [fresh(), fresh()];
  const browser = browserOf(request) ?? fresh();
  const url = oauth.authorizeUrl({
    app,
    cloud: wish.cloud,
    domain: wish.domain,
    state,
    redirectUri,
    // S256 (RFC 7636 §4.2)
    codeChallenge: createHash("sha256").update(verifier).digest("base64url"),
  });
  const stateHash = hashOf(state);
  const begun = await db.rpc("begin_crm_sign_in", {
    org: wish.orgId,
    state_hash: stateHash,
    session_hash: hashOf(browser),
    crm: wish.crm,
    cloud: wish.cloud,
    domain: wish.domain,
    sealed_verifier: secretBox.seal(verifier, verifierPlace(wish.orgId, stateHash)),
    connection: wish.connectionId,
  });
  if (begun.error) unwrap({ data: null, error: begun.error });
  const setCookie = serializeCookieHeader(COOKIE, browser, {
    path: "/",
    maxAge: MAX_AGE_S,
    httpOnly: true,
    sameSite: "lax",
    secure: https,
  });
  return { url, setCookie };
}

const signIn = z.object({
  orgId: z.uuid(),
  orgSlug: z.string(),
  crm: z.enum(CRM_IDS),
  cloud: z.enum(["global", "ru"]),
  domain: z.string().nullable(),
  sealedVerifier: z.string(),
  connectionId: z.uuid().nullable(),
});
export type SignIn = Omit<z.infer<typeof signIn>, "sealedVerifier"> & { verifier: string };

/** Takes the sign-in that a callback belongs to, once: null for a state that is foreign, used or late, another browser, another person (T04). */
export async function takeSignIn(request: Request, db: Db): Promise<SignIn | null> {
  const state = new URL(request.url).searchParams.get("state") ?? "";
  const browser = browserOf(request);
  if (!TOKEN.test(state) || !browser) return null;
  const stateHash = hashOf(state);
  const taken = unwrap(await db.rpc("take_crm_sign_in", { state_hash: stateHash, session_hash: hashOf(browser) }));
  if (taken === null) return null;
  const { sealedVerifier, ...found } = signIn.parse(taken);
  return { ...found, verifier: secretBox.open(sealedVerifier, verifierPlace(found.orgId, stateHash)) };
}

/** Exchanges the code that came back for a grant. @throws CrmError */
export async function exchange(request: Request, by: SignIn): Promise<CrmGrant> {
  const callback = new URL(request.url).searchParams;
  const code = callback.get("code");
  const app = crms.app(by.crm, by.cloud);
  const crm = crms.get(by.crm);
  const { oauth } = crm;
  if (!code || code.length > 4_000 || !app || !oauth) throw new CrmError("invalid", "No code came back");
  const http = crmHttp(crmEgress, { signal: AbortSignal.timeout(TIMEOUT_MS), readError: crm.readError?.bind(crm) });
  return oauth.exchangeCode(http, { app, cloud: by.cloud, code, redirectUri, codeVerifier: by.verifier, callback, domain: by.domain });
}
