import { noteOrg } from "@gpt-agent/core/correlation";
import { type Db, userDb } from "@gpt-agent/core/db";
import { redirect } from "@remix-run/node";
import { z } from "zod";
import { readSession, type Session } from "~/http/session.server";
import { findMembership, type Membership } from "~/models/organization.server";
import { allows, type Role } from "~/models/role";
import { dbConfig } from "~/services.server";

export const notFound = () => new Response("Not found", { status: 404 });
export const forbidden = () => new Response("Forbidden", { status: 403 });

/** The row, or a 404 answer. */
export function found<T>(row: T | null | undefined): T {
  if (row === null || row === undefined) throw notFound();
  return row;
}

/** A UUID from the address, or a 404 answer: nothing else ever reaches a query (T33). */
export function uuidParam(value: string | undefined): string {
  const parsed = z.uuid().safeParse(value);
  if (!parsed.success) throw notFound();
  return parsed.data;
}

export type SignedIn = Session & { db: Db };

/** The signed-in person, or a redirect to the sign-in page that leads back here. Throws 403 for cross-site requests. */
export async function requireUser(request: Request): Promise<SignedIn> {
  const session = await readSession(request);
  if (session) return { ...session, db: userDb(dbConfig, session.accessToken) };
  const { pathname, search } = new URL(request.url);
  throw redirect(`/login?${new URLSearchParams({ redirectTo: pathname + search })}`);
}

export type Member = SignedIn & { org: Membership["org"]; role: Role };

/**
 * The signed-in member of the organization with this slug. Ends the request with 404 when they do not belong (whether or
 * not it exists), with 403 when their role is below minRole.
 */
export async function requireMember(request: Request, orgSlug: string | undefined, minRole: Role = "viewer"): Promise<Member> {
  const signedIn = await requireUser(request);
  const membership = found(await findMembership(signedIn.db, { userId: signedIn.user.id, slug: orgSlug ?? "" }));
  noteOrg(membership.org.id);
  if (!allows(membership.role, minRole)) throw forbidden();
  return { ...signedIn, org: membership.org, role: membership.role };
}

/** The signed-in person who runs the platform; 404 for everybody else, whether or not they are signed in to anything. */
export async function requirePlatformAdmin(request: Request): Promise<SignedIn> {
  const signedIn = await requireUser(request);
  const { data, error } = await signedIn.db.rpc("is_platform_admin");
  if (error) throw error;
  if (!data) throw notFound();
  return signedIn;
}
