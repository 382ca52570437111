import { correlationHeaders } from "@gpt-agent/core/correlation";
import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import pg from "pg";
import { SETTING } from "./joined-settings.ts";
import type { Sessions } from "./postgres-sessions.ts";

const LOCAL = /^\s*set local [\w ="]+$/i;
const CALL = "set_config(";
const CHANGES = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

/**
 * A session while one request has it. What Supabase Lite says ahead of a request's own query (the beginning of a transaction, then nine
 * settings: role, claims, method, headers …) waits for that query and goes in one message ahead of it: three messages a request instead of twelve.
 */
class RequestSession implements DatabaseConnection {
  readonly #sessions: Sessions;
  readonly client: pg.PoolClient;
  #begin: string | null = null;
  #settings: string[] = [];

  constructor(sessions: Sessions, client: pg.PoolClient) {
    this.#sessions = sessions;
    this.client = client;
  }

  begin({ isolationLevel, accessMode }: TransactionSettings): void {
    const mode = [isolationLevel && `isolation level ${isolationLevel}`, accessMode].filter(Boolean).join(" ");
    this.#begin = `begin ${mode}`;
  }

  /** @param how commit or rollback; of what was never begun nothing is to be said */
  async end(how: "commit" | "rollback"): Promise<void> {
    const untold = this.#begin !== null;
    this.#begin = null;
    this.#settings = [];
    if (!untold) await this.#sessions.exec(this.client, how);
  }

  async executeQuery<R>({ sql, parameters }: { sql: string; parameters: readonly unknown[] }): Promise<QueryResult<R>> {
    const [, name, literal] = SETTING.exec(sql) ?? [];
    const isLocal = parameters.length === 0 && LOCAL.test(sql);
    if (name || isLocal) {
      const value = literal ?? parameters[0];
      this.#settings.push(name ? `${CALL}'${name}', ${pg.escapeLiteral(String(value ?? ""))}, true)` : sql);
      return { rows: [] };
    }
    await this.#tell();
    const { command, rowCount, rows } = await this.#sessions.query<object>(this.client, sql, parameters);
    return { rows: rows as R[], ...(CHANGES.has(command) ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}) };
  }

  // biome-ignore lint/correctness/useYield: Supabase Lite never asks for it
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("Rows are not streamed here.");
  }

  async #tell(): Promise<void> {
    const said = this.#begin === null ? [] : [this.#begin];
    // Supabase Lite tells functions of the call's headers; PostgREST tells whatever runs, and the outbox listens.
    const ids = correlationHeaders();
    if (
      this.#settings.length > 0 &&
      Object.keys(ids).length > 0 &&
      !this.#settings.some((one) => one.startsWith(`${CALL}'request.headers'`))
    )
      this.#settings.push(`${CALL}'request.headers', ${pg.escapeLiteral(JSON.stringify(ids))}, true)`);
    let calls: string[] = [];
    const sayCalls = () => {
      if (calls.length > 0) said.push(`select ${calls.join(", ")}`);
      calls = [];
    };
    for (const setting of this.#settings) {
      if (setting.startsWith(CALL)) calls.push(setting);
      else {
        sayCalls();
        said.push(setting);
      }
    }
    sayCalls();
    this.#begin = null;
    this.#settings = [];
    if (said.length > 0) await this.#sessions.exec(this.client, said.join("; "));
  }
}

/** Kysely, with which Supabase Lite asks, on the sessions of a server. */
export function postgresDialect(sessions: Sessions): Dialect {
  const driver: Driver = {
    async init() {},
    acquireConnection: async () => new RequestSession(sessions, await sessions.take()),
    beginTransaction: async (session, settings) => (session as RequestSession).begin(settings),
    commitTransaction: (session) => (session as RequestSession).end("commit"),
    rollbackTransaction: (session) => (session as RequestSession).end("rollback"),
    releaseConnection: async (session) => sessions.giveBack((session as RequestSession).client),
    destroy: () => sessions.close(),
  };
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}
