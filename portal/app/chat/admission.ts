import { AppError } from "@gpt-agent/core/errors";
import type { Log } from "@gpt-agent/core/log";

/** What one process takes on. docs/SCALING.md tells how the defaults were measured. */
export type AdmissionLimits = {
  /** Answers being written at once. */
  runs: number;
  /**
   * Of these, answers whose question is being stored and searched for: what the database has to do before the model is asked. So
   * many at most; fewer while beginnings take long.
   */
  starting: number;
  /** Nothing new is begun while the event loop is late by more than this, in milliseconds. */
  lagMs: number;
};

/** The place of one answer. */
export type Place = {
  /** The database has done its part of the beginning. May be called again. */
  started(): void;
  /** The answer has ended. May be called again. */
  leave(): void;
};

const LOOK_EVERY_MS = 100;
/** A beginning may take this long, in milliseconds: queued behind others it would only make its visitor wait for a late refusal. */
const LONG_BEGINNING_MS = 400;
/** What a long beginning leaves of the number that may begin at once, and what a short one adds to it. */
const FEWER = 0.9;
const MORE = 0.5;
/** Never fewer than this: one slow moment of the machine closes no door. */
const LEAST_STARTING = 16;
/**
 * A process that writes at least so many answers takes on no more while it uses more than this of a core. Its own CPU time counts,
 * not how long it seems busy: what else the machine does is no reason to turn visitors away.
 */
const MANY_RUNS = 50;
const BUSY = 0.92;
/** Refusals are logged together, this often, in milliseconds. */
const TELL_EVERY_MS = 10_000;
/** How much of the newest look goes into the mean: one hiccup closes no door, a second of them does. */
const NEWEST = 0.15;
/** As late as one look can count, in milliseconds: a process that was stopped for a minute is not busy. */
const MOST_MS = 1_000;
/** Retry-After lies between these, in seconds, so that those who were refused together do not come back together. */
const RETRY_AFTER = { least: 2, most: 8 };

function cpuOfProcess(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Whether this process takes on another answer, decided before anything is asked of the database. What it takes on it can
 * finish; the rest is told at once to come back, and the pages of the portal, which ask for no place, keep their share.
 */
export class Admission {
  private running = 0;
  private starting = 0;
  private allowed: number;
  private lag = 0;
  private busy = 0;
  private used: number;
  private lookedAt = performance.now();
  private refused = 0;
  private toldAt = Number.NEGATIVE_INFINITY;
  private readonly timer: NodeJS.Timeout;
  private readonly awaitingTheEnd: (() => void)[] = [];

  constructor(
    private readonly limits: AdmissionLimits,
    private readonly log: Log,
    /** CPU time of this process so far, in milliseconds. */
    private readonly cpuMs: () => number = cpuOfProcess,
  ) {
    this.allowed = limits.starting;
    this.used = cpuMs();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Answers being written, and those of them that begin; the mean lag of the event loop in milliseconds, and the share of a core in use. */
  get state(): { running: number; starting: number; lagMs: number; busy: number } {
    return { running: this.running, starting: this.starting, lagMs: this.lag, busy: this.busy };
  }

  /** @throws AppError("unavailable") when another answer would be too much */
  assertRoom(): void {
    const { runs, lagMs } = this.limits;
    const isFull = this.running >= MANY_RUNS && this.busy > BUSY;
    if (this.running < runs && this.starting < this.allowed && this.lag < lagMs && !isFull) return;
    this.refused++;
    const retryAfter = Math.round(RETRY_AFTER.least + Math.random() * (RETRY_AFTER.most - RETRY_AFTER.least));
    throw new AppError("unavailable", `Too many answers are being written right now. Try again in ${retryAfter} s.`, { retryAfter });
  }

  /** Takes a place for an answer. @throws AppError("unavailable") when there is none */
  enter(): Place {
    this.assertRoom();
    this.running++;
    this.starting++;
    const enteredAt = performance.now();
    let isStarting = true;
    let isRunning = true;
    const begun = () => {
      if (isStarting) this.starting--;
      isStarting = false;
    };
    const started = () => {
      if (isStarting) this.learn(performance.now() - enteredAt);
      begun();
    };
    const leave = () => {
      begun();
      if (isRunning) this.running--;
      isRunning = false;
      if (this.running === 0) for (const tell of this.awaitingTheEnd.splice(0)) tell();
    };
    return { started, leave };
  }

  /** Resolves when no answer is being written here: at once, or with the end of the last one. */
  async whenIdle(): Promise<void> {
    if (this.running > 0) await new Promise<void>((resolve) => this.awaitingTheEnd.push(resolve));
  }

  dispose(): void {
    clearInterval(this.timer);
  }

  /** As many may begin at once as the database gets through in short time, however fast the machine is. */
  private learn(beginningMs: number): void {
    const { starting } = this.limits;
    this.allowed =
      beginningMs > LONG_BEGINNING_MS
        ? Math.max(Math.min(LEAST_STARTING, starting), this.allowed * FEWER)
        : Math.min(starting, this.allowed + MORE);
  }

  /** One line for many refusals: a crowd at the door must not fill the log as well. */
  private tell(now: number): void {
    const { refused, running, starting } = this;
    const [lagMs, busyPercent, allowed] = [this.lag, this.busy * 100, this.allowed].map(Math.round);
    this.log.warn("questions were refused for want of room", { refused, running, starting, allowed, lagMs, busyPercent });
    this.refused = 0;
    this.toldAt = now;
  }

  private look(): void {
    const now = performance.now();
    const passed = now - this.lookedAt;
    const late = Math.min(Math.max(0, passed - LOOK_EVERY_MS), MOST_MS);
    this.lookedAt = now;
    this.lag += (late - this.lag) * NEWEST;
    const used = this.cpuMs();
    this.busy += ((used - this.used) / passed - this.busy) * NEWEST;
    this.used = used;
    if (this.refused > 0 && now - this.toldAt >= TELL_EVERY_MS) this.tell(now);
  }
}
