import { randomBytes } from "node:crypto";
import type { Mail } from "@gpt-agent/core/mail/mailer";
import type { Backend } from "./backend.ts";

/** The account that the first start makes. example.com can never receive mail (RFC 2606). */
export const OWNER_EMAIL = "owner@example.com";

/** Catches the mails to one address before they reach the real driver. */
export type MailTrap = { catchNext(to: string): Promise<Mail> };

const post = (backend: Backend, publishableKey: string, path: string, body: unknown) =>
  fetch(`${backend.url}/auth/v1/${path}`, {
    method: "POST",
    headers: { apikey: publishableKey, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** The owner's id; made with an unguessable password when there is no account at all. Null when people run their own accounts. */
export async function ensureOwner(backend: Backend, publishableKey: string): Promise<string | null> {
  const find = async () =>
    (await backend.db.query<{ id: string }>("select id from auth.users where email = $1", [OWNER_EMAIL])).rows[0]?.id ?? null;
  const existing = await find();
  if (existing) return existing;
  const { rows } = await backend.db.query<{ n: number }>("select count(*)::int as n from auth.users");
  if (rows[0]?.n) return null;
  const response = await post(backend, publishableKey, "signup", { email: OWNER_EMAIL, password: randomBytes(24).toString("base64url") });
  if (!response.ok) throw new Error(`The owner's account could not be made: ${response.status} ${await response.text()}`);
  return find();
}

/**
 * A sign-in link that works once, for an hour: the link of an ordinary magic-link e-mail that is caught instead of sent.
 * Null when the owner's account no longer exists.
 */
export async function ownerLink(backend: Backend, publishableKey: string, trap: MailTrap): Promise<string | null> {
  const caught = trap.catchNext(OWNER_EMAIL);
  const response = await post(backend, publishableKey, "otp", { email: OWNER_EMAIL, create_user: false });
  if (!response.ok) return null;
  const mail = await caught;
  return /href="([^"]*\/auth\/confirm\?[^"]+)"/.exec(mail.html ?? "")?.[1]?.replaceAll("&amp;", "&") ?? null;
}
