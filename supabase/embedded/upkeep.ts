import type { Log } from "@gpt-agent/core/log";
import type { BackendDatabase } from "./database.ts";

/** How often the tables are looked at, in milliseconds. A server does so once a minute; here a new platform's first answers wait for it. */
const EVERY_MS = 15_000;

/** A table of one page needs no counting: it is read whole, whatever is looked for. */
const FEW_BYTES = 8_192;

/**
 * Tables that need it, by the rules and defaults of autovacuum (https://www.postgresql.org/docs/17/routine-vacuuming.html#AUTOVACUUM):
 * 50 rows and a fifth of the table dead, 1,000 rows and a fifth of the table new, or 50 rows and a tenth of the table changed. And those that
 * hold something and were never counted: what changed is forgotten when the process is killed.
 */
const IN_NEED = `
  select pg_catalog.format('%I.%I', t.schemaname, t.relname) as name, t.vacuum, t.changed
  from (
    select s.schemaname, s.relname,
           s.n_dead_tup > 50 + 0.2 * c.rows or s.n_ins_since_vacuum > 1000 + 0.2 * c.rows as vacuum,
           s.n_mod_since_analyze > 50 + 0.1 * c.rows or c.uncounted as changed
    from pg_catalog.pg_stat_user_tables s
    cross join lateral (
      select greatest(k.reltuples, 0) as rows, k.reltuples < 0 and pg_catalog.pg_relation_size(k.oid) > ${FEW_BYTES} as uncounted
      from pg_catalog.pg_class k where k.oid = s.relid
    ) c
  ) t
  where t.vacuum or t.changed
  order by 1`;

type InNeed = { name: string; vacuum: boolean; changed: boolean };
type Database = Pick<BackendDatabase, "query" | "exec">;

/**
 * Does once what autovacuum does on a server and PGlite lacks: gives back the room of dead rows, and counts for the planner what the tables
 * hold. Without, a plan that was made while a table was empty stays for as long as the process runs: after some hundred answers the end
 * of each read all answers for every conversation. Each table is a statement of its own, so others come in between.
 * @returns the tables it tended
 */
export async function tendTables(db: Database): Promise<string[]> {
  const { rows } = await db.query<InNeed>(IN_NEED);
  // With the helpers that PGlite has not, a table with indexes of half a megabyte would set shared memory aside for them, of which a part stays.
  for (const { name, vacuum, changed } of rows)
    await db.exec(vacuum ? `vacuum (parallel 0${changed ? ", analyze" : ""}) ${name}` : `analyze ${name}`);
  return rows.map(({ name }) => name);
}

/** Tends the tables again and again, a pass at a time. @returns how to stop; resolves when it has */
export function keepUp(db: Database, log: Log, everyMs = EVERY_MS): () => Promise<void> {
  let going: Promise<void> | null = null;
  const pass = async () => {
    try {
      const tables = await tendTables(db);
      if (tables.length > 0) log.debug("tables tended", { tables });
    } catch (error) {
      log.warn("tables could not be tended", { error });
    }
    going = null;
  };
  const timer = setInterval(() => {
    going ??= pass();
  }, everyMs).unref();
  return async () => {
    clearInterval(timer);
    await going;
  };
}
