import { hkdfSync } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";

/** How long a token opens the API, in seconds. */
const LIFETIME = 3_600;
/** How long after its end a token still says who the visitor was, in seconds. */
const REMEMBERED = 180 * 24 * 3_600;
const MAX_LENGTH = 4_096;
/** So many tokens are known again without their signature being checked anew. */
const MAX_KNOWN = 5_000;

const claims = z.object({
  sub: z.uuid(),
  org: z.uuid(),
  aid: z.uuid(),
  agt: z.string().min(1),
  ori: z.string().min(1),
  ver: z.boolean().default(false),
});

/** How long a member of the organization may open a preview, in seconds. */
const PREVIEW_LIFETIME = 600;

/** Who a token speaks for: one visitor of one agent on one origin. verified: an identity token opened this session. */
export type VisitorClaims = {
  visitorId: string;
  orgId: string;
  agentId: string;
  agentPublicId: string;
  origin: string;
  verified: boolean;
};

/**
 * Signs and reads visitors' tokens (JWT, HS256) with keys derived from the encryption keys: the first signs, all verify, so
 * that keys can be rotated.
 */
export function visitorTokens(encryptionKeys: { id: string; key: Buffer }[]) {
  const keys = encryptionKeys.map(({ id, key }) => ({
    id,
    secret: new Uint8Array(hkdfSync("sha256", key, "", "gpt-agent visitor token v1", 32)),
  }));

  /** Tokens that were valid, until they end: the same visitor comes again and again. */
  const known = new Map<string, { who: VisitorClaims; until: number }>();

  async function read(token: string, clockTolerance: number): Promise<VisitorClaims | null> {
    if (token.length > MAX_LENGTH) return null;
    for (const { secret } of keys) {
      try {
        const { payload } = await jwtVerify(token, secret, {
          algorithms: ["HS256"],
          audience: "visitor",
          requiredClaims: ["exp"],
          clockTolerance,
        });
        const { sub, org, aid, agt, ori, ver } = claims.parse(payload);
        const who = { visitorId: sub, orgId: org, agentId: aid, agentPublicId: agt, origin: ori, verified: ver };
        if (known.size >= MAX_KNOWN) known.clear();
        known.set(token, { who, until: payload.exp! * 1_000 });
        return who;
      } catch {
        // Not this key's, or no longer valid: the next key may know it.
      }
    }
    return null;
  }

  return {
    /** A token for the claims, with the time of its end. */
    async sign(who: VisitorClaims): Promise<{ token: string; expiresAt: Date }> {
      const [{ id, secret } = { id: "", secret: new Uint8Array() }] = keys;
      const expiresAt = new Date(Math.floor(Date.now() / 1000 + LIFETIME) * 1000);
      const token = await new SignJWT({ org: who.orgId, aid: who.agentId, agt: who.agentPublicId, ori: who.origin, ver: who.verified })
        .setProtectedHeader({ alg: "HS256", kid: id })
        .setSubject(who.visitorId)
        .setAudience("visitor")
        .setIssuedAt()
        .setExpirationTime(expiresAt)
        .sign(secret);
      return { token, expiresAt };
    },
    /**
     * A token with which a member's own pages open an agent that only verified visitors may talk to. It admits, and names nobody.
     */
    signPreview(agentPublicId: string): Promise<string> {
      const [{ id, secret } = { id: "", secret: new Uint8Array() }] = keys;
      return new SignJWT()
        .setProtectedHeader({ alg: "HS256", kid: id })
        .setSubject(agentPublicId)
        .setAudience("preview")
        .setExpirationTime(Math.floor(Date.now() / 1000) + PREVIEW_LIFETIME)
        .sign(secret);
    },
    /** Is this a preview's token for this agent? */
    async isPreview(token: string, agentPublicId: string): Promise<boolean> {
      for (const { secret } of keys) {
        const options = { algorithms: ["HS256"], audience: "preview", subject: agentPublicId, requiredClaims: ["exp"] };
        if (
          await jwtVerify(token, secret, options).then(
            () => true,
            () => false,
          )
        )
          return true;
      }
      return false;
    },
    /** The claims of a token that is valid now, or null. */
    verify: async (token: string): Promise<VisitorClaims | null> => {
      const again = known.get(token);
      return again && again.until > Date.now() ? again.who : read(token, 0);
    },
    /** The claims of a token that was ours within the last 180 days, or null: enough to know a visitor again, not to act. */
    remember: (token: string) => read(token, REMEMBERED),
  };
}
export type VisitorTokens = ReturnType<typeof visitorTokens>;
