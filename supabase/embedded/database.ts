import { inspect } from "node:util";
import { messages, type PGlite, type PGliteOptions } from "@electric-sql/pglite";
import { btree_gin } from "@electric-sql/pglite/contrib/btree_gin";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { uuid_ossp } from "@electric-sql/pglite/contrib/uuid_ossp";
import { vector } from "@electric-sql/pglite/vector";
import { createPgliteConnection } from "@supabase/lite/pglite";
import { joinSettings } from "./joined-settings.ts";

/**
 * How a database error prints. Supabase Lite writes every one to stderr, and PGlite hangs the whole query with its
 * parameters on it: what visitors wrote, hashes of keys. A line says what failed and nothing of the data; the message of a
 * data exception (class 22) quotes the offending value, so it is left out.
 */
Object.defineProperty(messages.DatabaseError.prototype, inspect.custom, {
  writable: true,
  value(this: InstanceType<typeof messages.DatabaseError>) {
    const where = [this.table && `table ${this.table}`, this.constraint && `constraint ${this.constraint}`].filter(Boolean).join(", ");
    const message = this.code?.startsWith("22") ? "data exception" : this.message;
    return `DatabaseError ${this.code}: ${message}${where && ` (${where})`}`;
  },
});

/** PostgREST's HTTP status for the errors that Supabase Lite does not know (https://postgrest.org, "Errors"). */
export function postgrestStatus(code: string): number | null {
  if (code === "P0001" || code === "23514" || code === "23P01") return 400;
  return /^(P0|40|57)/.test(code) ? 500 : null;
}

/**
 * Supabase Lite answers errors that it does not know, those that our own functions raise among them, with 500 and neither code
 * nor hint. Hosted Supabase passes both on, and the portal reads them; so they travel the way PostgREST offers for errors with
 * a status of their own (code PGRST, the answer's body as JSON in the message), which Supabase Lite understands.
 */
function asPostgrestAnswers(error: unknown): unknown {
  if (!(error instanceof messages.DatabaseError) || !error.code) return error;
  const status = postgrestStatus(error.code);
  if (status === null) return error;
  return Object.assign(Object.create(error) as typeof error, {
    code: "PGRST",
    message: JSON.stringify({ code: error.code, message: error.message, details: error.detail ?? null, hint: error.hint ?? null }),
    detail: JSON.stringify({ status, headers: {} }),
    [inspect.custom]: () => inspect(error),
  });
}

export type PostgresOptions = Pick<PGliteOptions, "extensions" | "loadDataDir">;

/**
 * PGlite copies its table of parsers for every query, and most of the table is for arrays of rows (one for each relation of the
 * catalogue, which nobody selects). Without them a query takes half the time.
 */
async function forgetRowTypes(db: PGlite): Promise<void> {
  const { rows } = await db.query<{ id: number }>("select typarray::integer as id from pg_type where typtype = 'c' and typarray > 0");
  const ofRows = new Set(rows.map(({ id }) => String(id)));
  for (const table of ["parsers", "serializers"] as const) {
    db[table] = Object.fromEntries(Object.entries(db[table]).filter(([id]) => !ofRows.has(id)));
  }
}

/**
 * Opens Postgres (PGlite) with the extensions our migrations ask for.
 * @param folder data folder, or undefined for a database in memory
 * @param options more extensions, or a dumped database to begin with
 * @throws when this version of Supabase Lite would grant everything to everyone (see below)
 */
export async function openDatabase(folder?: string, { extensions, ...options }: PostgresOptions = {}) {
  const connection = await createPgliteConnection({
    ...(folder ? { url: folder } : {}),
    pgliteOptions: { ...options, extensions: { vector, pg_trgm, uuid_ossp, btree_gin, ...extensions } },
  });
  // On the first request Supabase Lite prepares for RLS: it grants ALL on every table to anon, authenticated and
  // service_role, which would undo the migrations' grants (columns among them). The roles and grants below are ours, so it
  // is told that this is done; supabase/tests/rest-matrix.test.ts checks that the grants stay.
  if (Reflect.get(connection, "rlsState") !== "unknown") {
    await connection.close();
    throw new Error(
      "This version of @supabase/lite prepares RLS in another way: read how before using it (supabase/embedded/database.ts).",
    );
  }
  Reflect.set(connection, "rlsState", "active");
  connection.normalizeDbError = asPostgrestAnswers;
  await forgetRowTypes(connection.driver);
  joinSettings(connection.driver);
  return connection;
}

/** The roles that hosted Supabase brings with it, and its open-handed defaults, which our first migration takes back. */
const ROLES = `
do $$ begin
  if not exists (select 1 from pg_roles where rolname = 'anon') then
    create role anon nologin noinherit;
    create role authenticated nologin noinherit;
    create role service_role nologin noinherit bypassrls;
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
export const createRoles = (db: PGlite) => db.exec(ROLES);
/** Call once the system schemas exist. */
export const grantSystemSchemas = (db: PGlite) => db.exec(GRANTS);
