import { inspect } from "node:util";
import { messages } from "@electric-sql/pglite";
import type { SqlSession } from "@gpt-agent/core/backup/sql-session";
import type { Connection } from "@supabase/lite";
import { DatabaseError } from "pg";

/** A statement that a session prepares when it first needs it. */
export type PreparedStatement = {
  name: string;
  /** `prepare <name>(json) as …`, or without the argument. */
  definition: string;
};

/** The backend's own database, past RLS, whichever it is: PGlite in this process, or a Postgres server. */
export type BackendDatabase = {
  query<T extends object = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<{ rows: T[] }>;
  /** Several statements without parameters, as one transaction unless they say otherwise. */
  exec(sql: string): Promise<{ rows: Record<string, unknown>[] }[]>;
  /** Runs work in a transaction: committed when it resolves, undone when it throws. */
  transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
  /**
   * Executes a prepared statement in a transaction of its own.
   * @param before SQL that goes ahead of it in that transaction: settings that hold for it alone
   * @param argument SQL of its argument; null for none
   * @returns its first row
   */
  execute(statement: PreparedStatement, before: string, argument: string | null): Promise<Record<string, unknown> | undefined>;
  /**
   * Calls `hear` when something was told on a channel, and when something may have been missed.
   * @returns how to stop listening
   */
  listen(channel: string, hear: () => void): Promise<() => Promise<void>>;
  /** Runs work while no other backend on this database runs any. */
  alone<T>(work: () => Promise<T>): Promise<T>;
};

/** A database and Supabase Lite's connection to it. */
export type OpenedDatabase<D extends BackendDatabase = BackendDatabase> = {
  db: D;
  connection: Connection;
  /** Call when the migrations are applied: types are new. */
  schemaStands(): Promise<void>;
  close(): Promise<void>;
};

/** The database is out of reach, or went away in the middle. The code is SQLSTATE's connection_failure. */
export class DatabaseAway extends Error {
  readonly code = "08006";
  constructor(cause: unknown) {
    super("The database is out of reach", { cause });
  }
}

type PostgresError = DatabaseError | InstanceType<typeof messages.DatabaseError>;

/** Did Postgres itself say so? */
export const isPostgresError = (error: unknown): error is PostgresError =>
  error instanceof DatabaseError || error instanceof messages.DatabaseError;

/**
 * How a database error prints. Supabase Lite writes every one to stderr, and PGlite hangs the whole query with its
 * parameters on it: what visitors wrote, hashes of keys. A line says what failed and nothing of the data; the message of a
 * data exception (class 22) quotes the offending value, so it is left out.
 */
for (const { prototype } of [DatabaseError, messages.DatabaseError]) {
  Object.defineProperty(prototype, inspect.custom, {
    writable: true,
    value(this: PostgresError) {
      const where = [this.table && `table ${this.table}`, this.constraint && `constraint ${this.constraint}`].filter(Boolean).join(", ");
      const message = this.code?.startsWith("22") ? "data exception" : this.message;
      return `DatabaseError ${this.code}: ${message}${where && ` (${where})`}`;
    },
  });
}

/** PostgREST's HTTP status for the errors that Supabase Lite does not know (https://postgrest.org, "Errors"). */
export function postgrestStatus(code: string): number | null {
  if (code === "P0001" || code === "23514" || code === "23P01") return 400;
  if (/^(08|53|57P0[123])/.test(code)) return 503;
  return /^(P0|40|57)/.test(code) ? 500 : null;
}

/**
 * Supabase Lite answers errors that it does not know, those that our own functions raise among them, with 500 and neither code
 * nor hint. Hosted Supabase passes both on, and the portal reads them; so they travel the way PostgREST offers for errors with
 * a status of their own (code PGRST, the answer's body as JSON in the message), which Supabase Lite understands.
 */
function asPostgrestAnswers(error: unknown): unknown {
  const { code, message, detail, hint } = error as Partial<PostgresError>;
  if (!(isPostgresError(error) || error instanceof DatabaseAway) || !code) return error;
  const status = postgrestStatus(code);
  if (status === null) return error;
  return Object.assign(Object.create(error) as object, {
    code: "PGRST",
    message: JSON.stringify({ code, message, details: detail ?? null, hint: hint ?? null }),
    detail: JSON.stringify({ status, headers: {} }),
    [inspect.custom]: () => (error instanceof DatabaseAway ? error.message : inspect(error)),
  });
}

/**
 * Makes a connection of Supabase Lite's our own. On the first request it prepares for RLS: it grants ALL on every table to anon,
 * authenticated and service_role, which would undo the migrations' grants (columns among them). The roles and grants below are ours, so
 * it is told that this is done; supabase/tests/rest-matrix.test.ts checks that the grants stay.
 * @throws when this version of Supabase Lite would grant everything to everyone
 */
export function takeOver(connection: Connection): void {
  if (Reflect.get(connection, "rlsState") !== "unknown") {
    throw new Error(
      "This version of @supabase/lite prepares RLS in another way: read how before using it (supabase/embedded/database.ts).",
    );
  }
  Reflect.set(connection, "rlsState", "active");
  connection.normalizeDbError = asPostgrestAnswers;
}

/**
 * The roles that hosted Supabase brings with it, and its open-handed defaults, which our first migration takes back: a database that has
 * migrations keeps what they made of them. On a server the roles are there for all of its databases. Whoever is no superuser has to be a
 * member of a role to act as it.
 */
const ROLES = `
do $$
declare
  wanted text;
begin
  foreach wanted in array array['anon', 'authenticated', 'service_role'] loop
    if to_regrole(wanted) is null then
      execute format('create role %I nologin noinherit %s', wanted, case when wanted = 'service_role' then 'bypassrls' else '' end);
    end if;
    if not pg_has_role(wanted, case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end) then
      execute format('grant %I to current_user', wanted);
    end if;
  end loop;
  if to_regclass('supabase_migrations.schema_migrations') is null then
    grant usage on schema public to anon, authenticated, service_role;
    alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
    alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
    alter default privileges in schema public grant execute on functions to anon, authenticated, service_role;
  end if;
end $$;
`;

/** What hosted Supabase grants on its own schemas; the policies on storage.objects decide who sees which file. */
const GRANTS = `
grant usage on schema auth, storage to anon, authenticated, service_role;
grant execute on all functions in schema auth to anon, authenticated, service_role;
grant execute on all functions in schema storage to anon, authenticated, service_role;
grant select, insert, update, delete on storage.objects, storage.buckets to anon, authenticated, service_role;
`;

/** Call before the system schemas exist. */
export const createRoles = (db: Pick<BackendDatabase, "exec">) => db.exec(ROLES);
/** Call once the system schemas exist. */
export const grantSystemSchemas = (db: Pick<BackendDatabase, "exec">) => db.exec(GRANTS);
