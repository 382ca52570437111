import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "@gpt-agent/core/db";
import type { Log } from "@gpt-agent/core/log";
import packageJson from "./package.json" with { type: "json" };
import type { JobQueue } from "./queue/job-queue.ts";

const EVERY_MS = 3_000;

type HeartbeatDeps = { db: Db; queue: JobQueue; log: Log; store: string; concurrency: number; running(): number };

/** Tells the database that this worker lives, and hears which jobs are paused. */
export class Heartbeat {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private readonly id = randomUUID();
  private paused = new Set<string>();

  constructor(private readonly deps: HeartbeatDeps) {}

  start() {
    this.loop = this.run();
  }

  async stop() {
    this.stopping.abort();
    await this.loop;
    await this.deps.db.rpc("forget_worker", { worker: this.id });
  }

  /** Whether jobs of this name are paused, as heard three seconds ago at most. */
  isPaused(name: string): boolean {
    return this.paused.has("*") || this.paused.has(name);
  }

  private async run() {
    while (!this.stopping.signal.aborted) {
      await this.beat().catch((error) => this.deps.log.debug("The worker could not say that it lives", { error }));
      await sleep(EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => {});
    }
  }

  /** Says it once. */
  async beat(): Promise<void> {
    const { db, queue, store, concurrency } = this.deps;
    const depths = await queue.depths().catch(() => null);
    const info = { host: hostname(), version: packageJson.version, store, concurrency, running: this.deps.running(), depths };
    const { data, error } = await db.rpc("beat_worker", { worker: this.id, info });
    if (error) throw error;
    this.paused = new Set(data);
  }
}
