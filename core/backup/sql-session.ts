import pg from "pg";

/** One session of Postgres, whichever it is. */
export type SqlSession = {
  query<T extends object>(sql: string, params?: unknown[]): Promise<{ rows: T[] }>;
  /** Several statements without parameters. */
  exec(sql: string): Promise<unknown>;
};

/** A database in which a piece of work is done whole or not at all. */
export type SqlDatabase = SqlSession & {
  /** Runs work in a transaction: committed when it resolves, undone when it throws. */
  transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
};

/**
 * A session of a Postgres server.
 * @param url postgres://user:password@host/database, for a role that may read and write all of the platform's schemas (on Supabase: postgres)
 * @throws when the server is out of reach
 */
export async function openPostgres(url: string, options: pg.ClientConfig = {}): Promise<SqlDatabase & { close(): Promise<void> }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 15_000, application_name: "gpt-agent", ...options });
  // A connection that breaks between two queries: the next one says so.
  client.on("error", () => {});
  await client.connect();
  const session: SqlSession = {
    query: async <T extends object>(sql: string, params?: unknown[]) => ({ rows: (await client.query(sql, params)).rows as T[] }),
    exec: (sql) => client.query(sql),
  };
  return {
    ...session,
    async transaction(work) {
      await client.query("begin");
      try {
        const result = await work(session);
        await client.query("commit");
        return result;
      } catch (error) {
        await client.query("rollback").catch(() => {});
        throw error;
      }
    },
    close: () => client.end(),
  };
}
