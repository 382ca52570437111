import { EventEmitter } from "node:events";
import { PGlite } from "@electric-sql/pglite";
import type { PgPool, PgPoolClient, PgQueryResult } from "bullmq";

/** What BullMQ runs, told apart: transactions hold the one session, LISTEN goes to PGlite's own listener. */
const BEGINS = /^\s*begin\b/i;
const ENDS = /^\s*(commit|rollback)\b/i;
/** Anywhere at the start of a line: BullMQ puts a comment before it. */
const LISTENS = /^\s*listen\s+"?([\w$]+)"?/im;

/**
 * PGlite in the shape of a pg.Pool, as far as BullMQ uses one. PGlite is a single session, so all clients share it: a
 * client holds it from BEGIN to COMMIT, everyone else one statement at a time.
 */
export class PglitePool extends EventEmitter implements PgPool {
  /** The tail of the line for the session. */
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(private readonly db: PGlite) {
    super();
  }

  /**
   * Opens the database in `folder` (made when missing).
   * @param schema the search path of every query
   */
  static async open(folder: string, schema: string): Promise<PglitePool> {
    const db = await PGlite.create(folder);
    await db.exec(`set search_path to "${schema}"`);
    return new PglitePool(db);
  }

  query<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    return this.exclusive(() => this.run<R>(text, params));
  }

  async connect(): Promise<PgPoolClient> {
    return new PgliteClient(this) as PgPoolClient;
  }

  async end(): Promise<void> {
    await this.exclusive(() => this.db.close());
  }

  /** Waits for the session, then keeps it until the returned function is called. */
  async hold(): Promise<() => void> {
    const before = this.turn;
    let release = () => {};
    this.turn = new Promise<void>((done) => {
      release = done;
    });
    await before;
    return release;
  }

  /** Runs without waiting: for whoever holds the session. */
  async run<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    if (params?.length) {
      const result = await this.db.query<R>(text, [...params]);
      return { rows: result.rows, rowCount: result.affectedRows };
    }
    // Without parameters the text may hold several statements; the last one's rows count, as in pg.
    const results = await this.db.exec(text);
    const last = results.at(-1);
    return { rows: (last?.rows ?? []) as R[], rowCount: last?.affectedRows };
  }

  listen(channel: string, heard: (payload: string) => void) {
    return this.exclusive(() => this.db.listen(channel, heard));
  }

  private async exclusive<T>(action: () => Promise<T>): Promise<T> {
    const release = await this.hold();
    try {
      return await action();
    } finally {
      release();
    }
  }
}

/** One borrower of the session. */
class PgliteClient extends EventEmitter {
  private release_: (() => void) | null = null;
  private readonly unlisten: (() => Promise<void>)[] = [];

  constructor(private readonly pool: PglitePool) {
    super();
  }

  async query<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    const channel = params?.length ? undefined : LISTENS.exec(text)?.[1];
    if (channel) {
      this.unlisten.push(await this.pool.listen(channel, (payload) => this.emit("notification", { channel, payload })));
      return { rows: [], rowCount: 0 };
    }
    if (BEGINS.test(text)) this.release_ ??= await this.pool.hold();
    if (!this.release_) return this.pool.query<R>(text, params);
    try {
      return await this.pool.run<R>(text, params);
    } finally {
      if (ENDS.test(text)) this.letGo();
    }
  }

  release() {
    this.letGo();
    for (const stop of this.unlisten.splice(0)) stop().catch(() => {});
  }

  private letGo() {
    this.release_?.();
    this.release_ = null;
  }
}
