import type { SqlSession } from "@gpt-agent/core/backup/sql-session";
import type { BackendDatabase, PreparedStatement } from "./database.ts";

/** Sessions with a database. Each serves one user at a time, from take to giveBack: a transaction, with its role and claims, is nobody else's. */
export interface Sessions<Session = unknown> {
  /**
   * A session for one user alone, who has to give it back.
   * @throws DatabaseAway when there is none in time
   */
  take(): Promise<Session>;
  /** Whatever transaction its user left open is undone, or the session is closed: the next one never acts in it. */
  giveBack(session: Session): Promise<void>;
  /** @returns the rows, and how many were changed by a statement that changes some */
  query<T extends object>(session: Session, sql: string, params?: readonly unknown[]): Promise<{ rows: T[]; changed?: number }>;
  /** Several statements without parameters, as one transaction unless they say otherwise. */
  exec(session: Session, sql: string): Promise<{ rows: Record<string, unknown>[] }[]>;
  /** Prepares a statement where it is not yet. */
  prepare(session: Session, statement: PreparedStatement): Promise<void>;
  /** There are no sessions after this. */
  close(): Promise<void>;
}

/** Runs work with a session of its own. */
export async function withSession<Session, T>(sessions: Sessions<Session>, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await sessions.take();
  try {
    return await work(session);
  } finally {
    await sessions.giveBack(session);
  }
}

/** What every backend's database does in one way, whatever its sessions are with. */
export function databaseOn<Session>(sessions: Sessions<Session>): Pick<BackendDatabase, "query" | "exec" | "transaction" | "execute"> {
  const sqlOf = (session: Session): SqlSession => ({
    query: (sql, params) => sessions.query(session, sql, params),
    exec: (sql) => sessions.exec(session, sql),
  });
  return {
    query: (sql, params) => withSession(sessions, (session) => sessions.query(session, sql, params)),
    exec: (sql) => withSession(sessions, (session) => sessions.exec(session, sql)),
    transaction: (work) =>
      withSession(sessions, async (session) => {
        await sessions.exec(session, "begin");
        try {
          const result = await work(sqlOf(session));
          await sessions.exec(session, "commit");
          return result;
        } catch (error) {
          await sessions.exec(session, "rollback").catch(() => {});
          throw error;
        }
      }),
    execute: (statement, before, argument) =>
      withSession(sessions, async (session) => {
        await sessions.prepare(session, statement);
        // One message is one transaction.
        const call = `${before}; execute ${statement.name}${argument === null ? "" : `(${argument})`}`;
        const results = await sessions.exec(session, call);
        return results.at(-1)?.rows[0];
      }),
  };
}
