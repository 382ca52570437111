import type { Database } from "@gpt-agent/core/db-types";

export type Role = Database["public"]["Enums"]["member_role"];

/** Ascending power, as in the database's member_role. */
export const ROLES = ["viewer", "operator", "editor", "admin", "owner"] as const satisfies readonly Role[];

/** Whether a role may do what `atLeast` may. */
export const allows = (role: Role, atLeast: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(atLeast);
