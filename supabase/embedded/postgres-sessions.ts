import { types as pgliteTypes } from "@electric-sql/pglite";
import pg from "pg";
import { DatabaseAway, isPostgresError, type PreparedStatement } from "./database.ts";
import { asItIs, PARSERS, type Parser } from "./parsers.ts";
import { type Sessions, withSession } from "./sessions.ts";

/** How long a request waits for a session, in milliseconds: a free one, or a new one of a server that is away. */
const PATIENCE_MS = 15_000;

/** What a session has to be like, whatever the server, the database or the user have it set to. PGlite is like this. */
const SETTINGS = `set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set bytea_output = 'hex';
  set standard_conforming_strings = on; set idle_in_transaction_session_timeout = '60s'; set search_path = public`;

const JSON_TYPES = new Set([114, 3802]);
/** Statements that change rows, by what Postgres says of them when they are done. */
const CHANGES = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

/** How node-postgres says that a session broke, or that there was none in time. */
const AWAY = /connection terminated|not queryable|timeout exceeded|pool after calling end/i;

/** What went wrong; a server that could not be asked is an error of its own kind. */
function told(error: unknown): unknown {
  if (isPostgresError(error) || !(error instanceof Error)) return error;
  return AWAY.test(error.message) || /^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? "") ? new DatabaseAway(error) : error;
}

/**
 * The sessions with a Postgres server, each of which serves one request at a time. node-postgres keeps a session to one connection: when it
 * breaks, what comes after it fails too, and never goes on in a new one without the request's role (docs/decisions/041).
 */
export class PostgresSessions implements Sessions<pg.PoolClient> {
  readonly #pool: pg.Pool;
  /** Parsers of this database's array types, which have oids of their own. */
  #arrays: Record<number, Parser> = {};
  /** What each session has prepared. */
  readonly #prepared = new WeakMap<pg.PoolClient, Set<string>>();
  readonly #parameters = new Map<string, number[]>();

  constructor(url: string, most: number) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: most,
      application_name: "gpt-agent backend",
      connectionTimeoutMillis: PATIENCE_MS,
      keepAlive: true,
      types: { getTypeParser: (oid: number) => this.#arrays[oid] ?? PARSERS[oid] ?? asItIs },
      onConnect: async (client: pg.ClientBase) => {
        // One that breaks while nobody asks it anything: whoever asks next is told.
        client.on("error", () => {});
        await client.query(SETTINGS);
      },
    } as pg.PoolConfig);
    this.#pool.on("error", () => {});
  }

  async take(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw told(error);
    }
  }

  /** A session that is not out of its transaction, whose role the next user would act in, is closed. */
  async giveBack(client: pg.PoolClient): Promise<void> {
    client.release(client.getTransactionStatus() !== "I");
  }

  /** @throws what Postgres said, or DatabaseAway */
  async query<T extends object>(client: pg.PoolClient, sql: string, params: readonly unknown[] = []) {
    try {
      const given = params.some(Array.isArray) ? await this.#withJson(client, sql, params) : [...params];
      const { command, rowCount, rows } = await client.query<T & pg.QueryResultRow>(sql, given);
      return { rows: rows as T[], changed: CHANGES.has(command) ? (rowCount ?? 0) : undefined };
    } catch (error) {
      throw told(error);
    }
  }

  async exec(client: pg.PoolClient, sql: string): Promise<{ rows: Record<string, unknown>[] }[]> {
    try {
      const results = (await client.query(sql)) as unknown as pg.QueryResult | pg.QueryResult[];
      return Array.isArray(results) ? results : [results];
    } catch (error) {
      throw told(error);
    }
  }

  async prepare(client: pg.PoolClient, { name, definition }: PreparedStatement): Promise<void> {
    const prepared = this.#prepared.get(client) ?? new Set();
    this.#prepared.set(client, prepared);
    if (prepared.has(name)) return;
    await this.exec(client, definition);
    prepared.add(name);
  }

  /** Learns how arrays of the database's own types are read. Without it they are text. */
  async learnArrays(): Promise<void> {
    const { rows } = await withSession(this, (client) =>
      this.query<{ item: number; list: number }>(
        client,
        "select oid::integer as item, typarray::integer as list from pg_type where typarray > 0 and typtype <> 'c'",
      ),
    );
    const parse = pgliteTypes.arrayParser as (text: string, item: Parser, list: number) => unknown;
    this.#arrays = Object.fromEntries(rows.map(({ item, list }) => [list, (text: string) => parse(text, PARSERS[item] ?? asItIs, list)]));
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  /**
   * A JavaScript array is an array of Postgres, or JSON: only the server knows which a parameter is. PGlite asks before every query; here it
   * is asked once for each query that has one.
   */
  async #withJson(client: pg.PoolClient, sql: string, params: readonly unknown[]): Promise<unknown[]> {
    const known = this.#parameters.get(sql) ?? (await this.#parametersOf(client, sql));
    if (this.#parameters.size >= 1_000) this.#parameters.clear();
    this.#parameters.set(sql, known);
    return params.map((value, at) => (Array.isArray(value) && JSON_TYPES.has(known[at] ?? 0) ? JSON.stringify(value) : value));
  }

  async #parametersOf(client: pg.PoolClient, sql: string): Promise<number[]> {
    await client.query(`prepare asked_for_types as ${sql}`);
    const { rows } = await client.query<{ types: number[] }>(
      "select to_json(parameter_types::oid[]::bigint[]) as types from pg_prepared_statements where name = 'asked_for_types'",
    );
    await client.query("deallocate asked_for_types");
    return rows[0]?.types ?? [];
  }
}
