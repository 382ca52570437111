import { correlationHeaders } from "@gpt-agent/core/correlation";
import type { Connection } from "@supabase/lite";
import { PgliteConnection } from "@supabase/lite/pglite";
import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import pg from "pg";
import { type Sessions, withSession } from "./sessions.ts";

/** A setting for the rest of a transaction, the way Supabase Lite writes it. */
const SETTING = /^\s*select set_config\('([\w.]+)', (?:\$1|'([^']*)'), true\)\s*$/i;
const LOCAL = /^\s*set local [\w ="]+$/i;
const CALL = "set_config(";

/**
 * A session while one request has it. What Supabase Lite says ahead of a request's own query (the beginning of a transaction, then nine
 * settings: role, claims, method, headers …) waits for that query and goes in one message ahead of it: three messages a request instead of twelve.
 */
class RequestSession<Session> implements DatabaseConnection {
  readonly #sessions: Sessions<Session>;
  readonly session: Session;
  #begin: string | null = null;
  #settings: string[] = [];

  constructor(sessions: Sessions<Session>, session: Session) {
    this.#sessions = sessions;
    this.session = session;
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
    if (!untold) await this.#sessions.exec(this.session, how);
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
    const { rows, changed } = await this.#sessions.query<object>(this.session, sql, parameters);
    return { rows: rows as R[], ...(changed === undefined ? {} : { numAffectedRows: BigInt(changed) }) };
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
    if (said.length > 0) await this.#sessions.exec(this.session, said.join("; "));
  }
}

/** Kysely, with which Supabase Lite asks, on sessions. */
function dialectOn<Session>(sessions: Sessions<Session>): Dialect {
  const driver: Driver = {
    async init() {},
    acquireConnection: async () => new RequestSession(sessions, await sessions.take()),
    beginTransaction: async (session, settings) => (session as RequestSession<Session>).begin(settings),
    commitTransaction: (session) => (session as RequestSession<Session>).end("commit"),
    rollbackTransaction: (session) => (session as RequestSession<Session>).end("rollback"),
    releaseConnection: ({ session }: RequestSession<Session>) => sessions.giveBack(session),
    destroy: () => sessions.close(),
  } as Driver;
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

/**
 * Supabase Lite's connection to a Postgres, which its connections to PGlite and to a server have in common. It exports only those two, which
 * keep no transaction apart (PGlite's) or end the process when a session breaks (the server's), so ours has theirs as its parent.
 */
const LiteConnection = Object.getPrototypeOf(PgliteConnection) as new (config: {
  url: string;
}) => Omit<PgliteConnection, "driver" | "kysely" | "exec" | "close">;

/**
 * Supabase Lite's connection to whatever the sessions are with.
 * @throws when this version of Supabase Lite has another one
 */
export function connectionOn<Session>(sessions: Sessions<Session>): Connection {
  for (const method of ["introspect", "withContext", "onPostgrestAST"])
    if (!Object.hasOwn(LiteConnection.prototype, method))
      throw new Error("This version of @supabase/lite has another connection to Postgres (supabase/embedded/lite-connection.ts).");
  class SessionConnection extends LiteConnection {
    driver = sessions;
    kysely = new Kysely<never>({ dialect: dialectOn(sessions) });
    exec = async (sql: string) => (await withSession(sessions, (session) => sessions.exec(session, sql)))[0];
    close = () => sessions.close();
  }
  return new SessionConnection({ url: "" }) as unknown as Connection;
}
