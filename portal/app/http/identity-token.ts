import type { KeyObject } from "node:crypto";
import { normalizePhone } from "@gpt-agent/core/phones";
import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import { z } from "zod";
import { storable } from "~/api/storable-text";
import type { VisitorProof } from "~/chat/chat";

/** What checks tokens of an agent. */
export type IdentityKey = { id: string } & ({ algorithm: "HS256"; secret: Uint8Array } | { algorithm: "EdDSA"; publicKey: KeyObject });

/** The longest token, in characters. */
export const MAX_IDENTITY_TOKEN = 10_000;
/** How far ahead a token may end, in seconds. */
export const MAX_IDENTITY_LIFETIME = 24 * 3_600;
/** How far the clocks of two servers may differ, in seconds. */
const CLOCK_TOLERANCE = 60;

/** An algorithm that a token may name, and the kind of key that checks it: a key never serves another kind (RS/HS confusion). */
const ALGORITHMS: Record<string, IdentityKey["algorithm"]> = { HS256: "HS256", EdDSA: "EdDSA", Ed25519: "EdDSA" };

/** An identity token that is not believed. The message says why as far as its signer may know. */
export class IdentityError extends Error {
  override name = "IdentityError";
}

const claims = z.object({
  sub: z
    .string()
    .min(1)
    .max(200)
    .refine((id) => storable(id) === id, { error: "has characters that cannot be kept" }),
  exp: z.number(),
  iat: z.number().optional(),
  email: z.unknown().optional(),
  phone: z.unknown().optional(),
  name: z.unknown().optional(),
});

// What a token says beside its sub is welcome and no reason to turn a person away: what cannot be read is left out.
const email = z
  .string()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/)
  .transform((text) => storable(text).toLowerCase());
const phone = z
  .string()
  .regex(/^[\d\s()+.-]{5,40}$/)
  .transform((text) => normalizePhone(text));
const name = z.string().max(200).transform(storable).pipe(z.string().min(1));

/**
 * Reads a token (JWT, RFC 7519) in which a customer's server names a signed-in visitor: `sub` is their own id of the person, `aud` the
 * agent's public id, `exp` at most a day ahead. Signed with HS256 or EdDSA (RFC 8037) by one of the agent's keys; a `kid`, where there
 * is one, has to be that key's id and is compared, never looked up.
 * @throws IdentityError
 */
export async function readIdentityToken(token: string, audience: string, keys: IdentityKey[]): Promise<VisitorProof> {
  if (token.length > MAX_IDENTITY_TOKEN) throw new IdentityError("The identity token is too long.");
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch (cause) {
    throw new IdentityError("The identity token is no JWT.", { cause });
  }
  const kind = Object.hasOwn(ALGORITHMS, String(header.alg)) ? ALGORITHMS[String(header.alg)] : undefined;
  if (!kind) throw new IdentityError("The identity token has to be signed with HS256 or EdDSA.");
  const fitting = keys.filter((key) => key.algorithm === kind && (header.kid === undefined || header.kid === key.id));
  for (const key of fitting) {
    const payload = await verify(token, String(header.alg), audience, key);
    if (payload) return { keyId: key.id, ...proofOf(payload) };
  }
  throw new IdentityError("The identity token is signed with none of this agent's keys.");
}

/** The claims when this key has signed them, null when it has not. @throws IdentityError when it has and they do not hold */
async function verify(token: string, algorithm: string, audience: string, key: IdentityKey) {
  try {
    const { payload } = await jwtVerify(token, key.algorithm === "HS256" ? key.secret : key.publicKey, {
      algorithms: [algorithm],
      audience,
      requiredClaims: ["sub", "exp"],
      clockTolerance: CLOCK_TOLERANCE,
    });
    return payload;
  } catch (cause) {
    // Reached only after the signature has held.
    if (cause instanceof errors.JWTExpired) throw new IdentityError("The identity token has expired.", { cause });
    if (cause instanceof errors.JWTClaimValidationFailed)
      throw new IdentityError(`The identity token's "${cause.claim}" is missing or wrong.`, { cause });
    return null;
  }
}

function proofOf(payload: unknown): Omit<VisitorProof, "keyId"> {
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw new IdentityError(`The identity token's "${String(parsed.error.issues[0]?.path[0])}" is missing or wrong.`);
  const { sub, exp, iat, ...rest } = parsed.data;
  const now = Date.now() / 1_000;
  if (exp > now + MAX_IDENTITY_LIFETIME + CLOCK_TOLERANCE) throw new IdentityError("The identity token may be valid for 24 hours at most.");
  if (iat !== undefined && iat > now + CLOCK_TOLERANCE) throw new IdentityError("The identity token was issued in the future.");
  const said = { email: email.safeParse(rest.email).data, phone: phone.safeParse(rest.phone).data, name: name.safeParse(rest.name).data };
  return { externalId: sub, claims: Object.fromEntries(Object.entries(said).filter(([, value]) => value)) };
}
