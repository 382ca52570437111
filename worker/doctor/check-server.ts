import { openPostgres, type SqlSession } from "@gpt-agent/core/backup/sql-session";
import { z } from "zod";
import { checkClock, checkMigrations } from "./check-database.ts";
import { type Finding, fail, off, ok, warn, wordsOf } from "./finding.ts";

type Env = Record<string, string>;

const TIMEOUT_MS = 10_000;
/** What the migrations ask for, by the names of pg_available_extensions. */
export const EXTENSIONS = ["vector", "pg_trgm", "uuid-ossp", "btree_gin"];
const ROLES = ["anon", "authenticated", "service_role"];
/** Besides the backends' sessions: a worker that listens, its backup, a command and somebody's psql, and one to spare. */
const OTHERS = 5;
/** As core/env.ts has it. */
const CONNECTIONS = 20;

const serverFacts = z.object({
  now: z.coerce.date(),
  version: z.string(),
  version_num: z.number(),
  who: z.string(),
  is_superuser: z.boolean(),
  is_supabase: z.boolean(),
  settings: z.record(z.string(), z.string()),
  extensions: z.record(z.string(), z.object({ offered: z.string(), installed: z.string().nullable() })),
  vector_is_type: z.boolean().nullable(),
  roles: z.record(z.string(), z.object({ signs_in: z.boolean(), passes_rls: z.boolean(), may_act: z.boolean() })),
  room: z.number(),
  used: z.number(),
  backends: z.number(),
});
type ServerFacts = z.infer<typeof serverFacts>;

/** pg_stat_activity hides other users' sessions; pg_stat_database counts all of them. A limit of -1 is none. */
const FACTS = `
select clock_timestamp() as now, current_setting('server_version') as version, current_setting('server_version_num')::integer as version_num,
  current_user::text as who, (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
  exists (select from pg_roles where rolname = 'supabase_auth_admin') as is_supabase,
  json_build_object('fsync', current_setting('fsync'), 'synchronous_commit', current_setting('synchronous_commit'),
    'full_page_writes', current_setting('full_page_writes'))::text as settings,
  (select coalesce(json_object_agg(name, json_build_object('offered', default_version, 'installed', installed_version)), '{}')
   from pg_available_extensions where name = any ($1::text[]))::text as extensions,
  (select bool_and(typtype = 'b') from pg_type where typname = 'vector') as vector_is_type,
  (select coalesce(json_object_agg(rolname, json_build_object('signs_in', rolcanlogin, 'passes_rls', rolbypassrls,
     'may_act', pg_has_role(oid, case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end))), '{}')
   from pg_roles where rolname = any ($2::text[]))::text as roles,
  (select least(
     current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
       - coalesce(current_setting('reserved_connections', true)::integer, 0),
     (select nullif(datconnlimit, -1) from pg_database where datname = current_database()),
     (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user))) as room,
  (select coalesce(sum(numbackends), 0)::integer from pg_stat_database) as used,
  (select count(distinct coalesce(host(client_addr), 'socket'))::integer from pg_stat_activity
   where application_name = 'gpt-agent backend' and datname = current_database()) as backends`;

/** Asks a Postgres about itself. */
export async function askServer(session: SqlSession): Promise<ServerFacts> {
  const { rows } = await session.query<Record<string, unknown>>(FACTS, [EXTENSIONS, ROLES]);
  const row = rows[0]!;
  const json = Object.fromEntries(["settings", "extensions", "roles"].map((name) => [name, JSON.parse(String(row[name]))]));
  return serverFacts.parse({ ...row, ...json });
}

export function checkFit({ version, version_num, is_supabase, who }: ServerFacts, isOwn: boolean): Finding {
  if (version_num < 150_000)
    return fail(
      "database server",
      `It is Postgres ${version}; 15 or newer is needed.`,
      "Upgrade it (pg_upgrade), or make a backup and restore it on a newer server.",
    );
  if (isOwn && is_supabase)
    return fail(
      "database server",
      "BACKEND_DATABASE_URL names a Supabase's own Postgres.",
      "Use that Supabase: SUPABASE_URL and its keys (docs/SECRETS.md).",
    );
  return ok("database server", `Postgres ${version} takes ${who}.`);
}

export function checkExtensions({ extensions, vector_is_type }: ServerFacts): Finding {
  const missing = EXTENSIONS.filter((name) => !extensions[name]);
  if (missing.length > 0)
    return fail(
      "extensions",
      `The server does not have ${missing.join(", ")}.`,
      "Install them on the server: the image pgvector/pgvector has all; on Debian postgresql-contrib and postgresql-NN-pgvector (docs/DEPLOY.md).",
    );
  const { offered, installed } = extensions.vector!;
  if (vector_is_type === false || !/^[0-9]+\.[0-9]/.test(installed ?? offered))
    return fail(
      "extensions",
      `What calls itself vector (${installed ?? offered}) is not pgvector: vectors cannot be kept and searched.`,
      "Install pgvector (postgresql-NN-pgvector), make a backup, and restore it into a new database.",
    );
  const behind = EXTENSIONS.filter((name) => extensions[name]!.installed && extensions[name]!.installed !== extensions[name]!.offered);
  if (behind.length > 0)
    return warn(
      "extensions",
      `${behind.map((name) => `${name} is ${extensions[name]!.installed}, the server has ${extensions[name]!.offered}`).join("; ")}.`,
      behind.map((name) => `alter extension "${name}" update;`).join(" "),
    );
  return ok("extensions", `All ${EXTENSIONS.length} are there, pgvector as ${installed ?? offered}.`);
}

export function checkRoles({ roles, is_superuser, who }: ServerFacts): Finding {
  const make = (name: string) => `create role ${name} nologin noinherit${name === "service_role" ? " bypassrls" : ""};`;
  const missing = ROLES.filter((name) => !roles[name]);
  if (missing.length > 0 && is_superuser) return ok("database roles", `The backend makes ${missing.join(", ")} when it starts.`);
  if (missing.length > 0)
    return fail(
      "database roles",
      `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing, and ${who} may not make them all.`,
      `As a superuser: ${missing.map(make).join(" ")} grant ${ROLES.join(", ")} to ${who};`,
    );
  const signingIn = ROLES.filter((name) => roles[name]!.signs_in);
  if (signingIn.length > 0)
    return fail(
      "database roles",
      `${signingIn.join(", ")} may sign in to the database, past the backend.`,
      signingIn.map((name) => `alter role ${name} nologin;`).join(" "),
    );
  const passing = ["anon", "authenticated"].filter((name) => roles[name]!.passes_rls);
  if (passing.length > 0)
    return fail(
      "database roles",
      `Row Level Security does not hold for ${passing.join(", ")}: organizations see each other's data.`,
      `Mend it at once: ${passing.map((name) => `alter role ${name} nobypassrls;`).join(" ")}`,
    );
  if (!roles.service_role!.passes_rls)
    return fail(
      "database roles",
      "service_role is under Row Level Security: the platform's own functions find nothing.",
      "As a superuser: alter role service_role bypassrls;",
    );
  const foreign = ROLES.filter((name) => !roles[name]!.may_act);
  if (foreign.length > 0)
    return fail(
      "database roles",
      `${who} may not act as ${foreign.join(", ")}.`,
      `As a superuser: grant ${foreign.join(", ")} to ${who}; and restart the backend.`,
    );
  return ok("database roles", "The backend's three roles are there and cannot sign in.");
}

/** Is what was answered on the disk, and whole after the power failed? */
export function checkDurability({ settings }: ServerFacts): Finding {
  const lost: [name: string, value: string, why: string][] = [
    ["fsync", "off", "a crash of the machine may destroy the whole database"],
    ["full_page_writes", "off", "a page that was half written when the power failed stays broken"],
    ["synchronous_commit", "off", "what was acknowledged in the last moments is lost in a crash"],
  ];
  const wrong = lost.filter(([name, value]) => settings[name] === value);
  if (wrong.length === 0) return ok("durability", "What is committed is on the disk (fsync, synchronous_commit, full_page_writes).");
  return fail(
    "durability",
    `${wrong.map(([name, value, why]) => `${name} is ${value}: ${why}`).join("; ")}.`,
    `${wrong.map(([name]) => `alter system set ${name} = on;`).join(" ")} select pg_reload_conf(); and look whether the database, its user or the command line of the server sets it otherwise.`,
  );
}

/** Are there connections for all that want some, and are any free just now? */
export function checkConnections({ room, used, backends, is_supabase }: ServerFacts, env: Env): Finding {
  const each = (Number(env.BACKEND_DATABASE_CONNECTIONS) || CONNECTIONS) + 1;
  const count = Math.max(1, backends);
  const needed = is_supabase ? 0 : count * each + OTHERS;
  const free = Math.max(0, room - used);
  if (room < needed)
    return fail(
      "connections",
      `The server has ${room} connections for ${count === 1 ? "one backend" : `${count} backends`}, the worker and commands, which take ${needed} at most: what comes too late is answered with 503.`,
      `Set max_connections to ${needed + Math.max(3, Math.round(needed / 10))} or more (a restart of Postgres; look at limits of database and user as well), or BACKEND_DATABASE_CONNECTIONS to ${Math.max(2, Math.floor((room - OTHERS) / count) - 1)} or less.`,
    );
  if (free < OTHERS)
    return warn(
      "connections",
      `${free} of the server's ${room} connections are free just now.`,
      "See who has them: select usename, application_name, state, count(*) from pg_stat_activity group by 1, 2, 3; then docs/runbooks/database-connections-high.md.",
    );
  return ok("connections", `${free} of ${room} are free just now${needed > 0 ? `; ours take ${needed} at most` : ""}.`);
}

/** Nothing where the user may not look. */
async function checkApplied(session: SqlSession): Promise<Finding[]> {
  const { rows } = await session.query<{ readable: boolean }>(
    `select has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as readable
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'supabase_migrations' and c.relname = 'schema_migrations'`,
  );
  if (!rows[0]) return [off("migrations", "The database is empty: the backend makes the schema when it starts.")];
  if (!rows[0].readable) return [];
  const { rows: applied } = await session.query<{ version: string }>("select version from supabase_migrations.schema_migrations");
  return [checkMigrations(applied.map(({ version }) => version))];
}

/** What a failed connection says, and what to do about it. */
function awayFinding(error: unknown, name: string): Finding {
  const words = wordsOf(error);
  const { code } = error as { code?: string };
  if (code === "3D000")
    return fail("database server", `The database is not there: ${words}`, "Make it: createdb, with its user as the owner.");
  if (code?.startsWith("28"))
    return fail(
      "database server",
      `It refuses the user of ${name}: ${words}`,
      `Put its user and password into ${name}; look at pg_hba.conf.`,
    );
  if (code === "53300")
    return fail(
      "connections",
      `The server has no connection left: ${words}`,
      "Raise max_connections, or lower BACKEND_DATABASE_CONNECTIONS (docs/runbooks/database-connections-high.md).",
    );
  return fail("database server", `It does not answer: ${words}`, `Is ${name} right, is Postgres running, and may this machine reach it?`);
}

/**
 * Looks at the Postgres server under our own backend (BACKEND_DATABASE_URL), or at the one that backups are read from (DATABASE_URL).
 * @param clock this machine's time in milliseconds
 * @returns `instead`: what the platform's API tells as well, for when that does not answer
 */
export async function checkServer(env: Env, clock: () => number): Promise<{ findings: Finding[]; instead: Finding[] }> {
  const name = env.BACKEND_DATABASE_URL ? "BACKEND_DATABASE_URL" : "DATABASE_URL";
  const url = env[name];
  if (!url)
    return { findings: [off("database server", "No address of one is set: the database is looked at through the platform.")], instead: [] };
  const opened = await openPostgres(url, {
    application_name: "gpt-agent doctor",
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  }).catch((error: unknown) => awayFinding(error, name));
  if ("check" in opened) return { findings: [opened], instead: [] };
  try {
    const asked = clock();
    const facts = await askServer(opened);
    const heard = clock();
    const migrations = await checkApplied(opened);
    const isOwn = name === "BACKEND_DATABASE_URL";
    return {
      findings: [
        checkFit(facts, isOwn),
        checkExtensions(facts),
        ...(facts.is_supabase ? [] : [checkRoles(facts)]),
        checkDurability(facts),
        checkConnections(facts, env),
      ],
      instead: [checkClock(facts.now.getTime() - (asked + heard) / 2), ...migrations],
    };
  } catch (error) {
    return { findings: [awayFinding(error, name)], instead: [] };
  } finally {
    await opened.close();
  }
}
