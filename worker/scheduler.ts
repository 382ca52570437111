import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "@gpt-agent/core/db";
import { JOBS, type JobName, scheduleOf } from "@gpt-agent/core/jobs";
import type { Log } from "@gpt-agent/core/log";
import { latestTick, type Schedule } from "@gpt-agent/core/schedule";

/** Milliseconds between looks at the clock. They cost nothing: the database is asked when there is a tick. */
const LOOK_MS = 500;

type JobSchedule = Schedule & { name: string };

/** The scheduled jobs of the catalogue. */
const SCHEDULES: JobSchedule[] = (Object.keys(JOBS) as JobName[]).flatMap((name) => {
  const schedule = scheduleOf(name);
  return schedule ? [{ name, ...schedule }] : [];
});

/**
 * Puts scheduled jobs into the outbox. Every worker looks at its clock; the database lets one of them have each tick, so it
 * makes no difference which of them live.
 */
export class Scheduler {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  /** The last tick of each schedule that this worker has tried to take. */
  private readonly seen = new Map<string, number>();
  private failing = false;

  constructor(
    private readonly deps: { db: Db; log: Log },
    private readonly schedules: readonly JobSchedule[] = SCHEDULES,
  ) {}

  start() {
    this.loop = this.run();
  }

  async stop() {
    this.stopping.abort();
    await this.loop;
  }

  private async run() {
    while (!this.stopping.signal.aborted) {
      try {
        await this.look();
        this.failing = false;
      } catch (error) {
        if (!this.failing) this.deps.log.warn("Scheduled jobs cannot be put into the outbox; they are made up for later", { error });
        this.failing = true;
      }
      await sleep(this.failing ? LOOK_MS * 10 : LOOK_MS, undefined, { signal: this.stopping.signal }).catch(() => {});
    }
  }

  /** Looks at the clock once and takes what is due. Returns the names of the jobs it put into the outbox. */
  async look(now = Date.now()): Promise<string[]> {
    const taken: string[] = [];
    for (const schedule of this.schedules) {
      const tick = latestTick(schedule, now);
      if (this.seen.get(schedule.name) === tick) continue;
      const { data, error } = await this.deps.db.rpc("take_tick", { job_name: schedule.name, tick: new Date(tick).toISOString() });
      if (error) throw error;
      // Null: this clock is ahead of the database's, which is asked again.
      if (data !== null) this.seen.set(schedule.name, tick);
      if (data) taken.push(schedule.name);
    }
    return taken;
  }
}
