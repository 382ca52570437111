import { randomBytes } from "node:crypto";
import type { Db } from "@gpt-agent/core/db";
import type { Database } from "@gpt-agent/core/db-types";
import { AppError } from "@gpt-agent/core/errors";
import { unwrap } from "~/models/result.server";
import type { Role } from "~/models/role";
import { slugify } from "~/models/slug";

export type Organization = Pick<Database["public"]["Tables"]["organizations"]["Row"], "id" | "slug" | "name">;
export type Membership = { role: Role; org: Organization };

const membership = "role, org:organizations!inner(id, slug, name)";

/** The person's place in the organization with this slug, or null when they have none or it does not exist. */
export async function findMembership(db: Db, by: { userId: string; slug: string }): Promise<Membership | null> {
  return unwrap(await db.from("memberships").select(membership).eq("user_id", by.userId).eq("organizations.slug", by.slug).maybeSingle());
}

/** Every organization the person belongs to, by name. */
export async function listMemberships(db: Db, by: { userId: string }): Promise<Membership[]> {
  const rows = unwrap(await db.from("memberships").select(membership).eq("user_id", by.userId));
  return rows.sort((a, b) => a.org.name.localeCompare(b.org.name));
}

/** Makes an organization whose owner is the caller; its slug comes from the name, with a short ending when taken. */
export async function createOrganization(db: Db, made: { name: string }): Promise<Organization> {
  const base = slugify(made.name);
  for (const slug of [base, ...Array.from({ length: 4 }, () => `${base}-${randomBytes(3).toString("hex")}`)]) {
    try {
      const { id, name } = unwrap(await db.rpc("create_organization", { org_name: made.name, org_slug: slug }));
      return { id, slug, name };
    } catch (error) {
      if (!(error instanceof AppError && error.code === "conflict")) throw error;
    }
  }
  throw new AppError("conflict", "This name is taken. Please choose another.");
}

/** Renames an organization. Throws "not_found" when the caller is no admin of it. */
export async function renameOrganization(db: Db, change: { orgId: string; name: string }): Promise<void> {
  const row = unwrap(await db.from("organizations").update({ name: change.name }).eq("id", change.orgId).select("id").maybeSingle());
  if (!row) throw new AppError("not_found", "There is no such organization.");
}

/** Deletes an organization with everything in it. Throws "not_found" when the caller is not its owner. */
export async function deleteOrganization(db: Db, by: { orgId: string }): Promise<void> {
  const row = unwrap(await db.from("organizations").delete().eq("id", by.orgId).select("id").maybeSingle());
  if (!row) throw new AppError("not_found", "There is no such organization.");
}

export type OrganizationMember = { userId: string; email: string; role: Role; since: string };

/** Who belongs to an organization, the most powerful first. */
export async function listMembers(db: Db, by: { orgId: string }): Promise<OrganizationMember[]> {
  const rows = unwrap(await db.rpc("list_members", { org: by.orgId }));
  return rows.map(({ user_id, email, role, created_at }) => ({ userId: user_id, email, role, since: created_at }));
}
