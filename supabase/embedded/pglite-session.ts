import type { PGlite } from "@electric-sql/pglite";
import { DatabaseAway, type PreparedStatement } from "./database.ts";
import type { Sessions } from "./sessions.ts";

/**
 * How long a request waits for its turn, in milliseconds. Longer than any turn takes that is not stuck; one that waits for itself (inside its
 * own transaction it asks outside of it) is refused after this, undone, and the others go on.
 */
const PATIENCE_MS = 60_000;

/**
 * PGlite as sessions: it is a single one, which its users have one after the other, first come first served. Supabase Lite's own connection
 * sends a transaction as single queries to it, between which those of others come as soon as anything waits for a moment, and then run in
 * the other's transaction with the other's role (docs/decisions/044).
 */
export class PgliteSession implements Sessions<PGlite> {
  readonly #engine: PGlite;
  readonly #patienceMs: number;
  readonly #prepared = new Set<string>();
  #taken = false;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(engine: PGlite, patienceMs = PATIENCE_MS) {
    this.#engine = engine;
    this.#patienceMs = patienceMs;
  }

  async take(): Promise<PGlite> {
    if (this.#taken) await this.#turn();
    if (this.#closed) {
      this.#next();
      throw new DatabaseAway(new Error("The database is closed"));
    }
    this.#taken = true;
    return this.#engine;
  }

  /** Resolves when it is this one's turn; until it gives back it is nobody else's. */
  #turn(): Promise<void> {
    return new Promise((go, refuse) => {
      const mine = () => {
        clearTimeout(timer);
        go();
      };
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== mine);
        refuse(new DatabaseAway(new Error(`The database was busy for ${this.#patienceMs} ms`)));
      }, this.#patienceMs);
      this.#waiting.push(mine);
    });
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#taken = false;
  }

  async giveBack(): Promise<void> {
    try {
      if (this.#engine.isInTransaction()) await this.#engine.exec("rollback");
    } finally {
      this.#next();
    }
  }

  async query<T extends object>(engine: PGlite, sql: string, params: readonly unknown[] = []) {
    const { rows, affectedRows } = await engine.query<T>(sql, [...params]);
    return { rows, changed: affectedRows };
  }

  exec(engine: PGlite, sql: string): Promise<{ rows: Record<string, unknown>[] }[]> {
    return engine.exec(sql);
  }

  async prepare(engine: PGlite, { name, definition }: PreparedStatement): Promise<void> {
    if (this.#prepared.has(name)) return;
    await engine.exec(definition);
    this.#prepared.add(name);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const engine = await this.take();
    this.#closed = true;
    await engine.close();
    this.#next();
  }
}
