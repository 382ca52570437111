import { AppError } from "@gpt-agent/core/errors";
import type { Log } from "@gpt-agent/core/log";

/** What one process takes on. docs/SCALING.md tells how the defaults were measured. */
export type AdmissionLimits = {
  /** Answers being written at once. */
  runs: number;
  /** Of these, answers whose question is being stored and searched for: what the database has to do before the model is asked. */
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
/** Refusals are logged together, this often, in milliseconds. */
const TELL_EVERY_MS = 10_000;
/** How much of the newest look goes into the mean: one hiccup closes no door, a second of them does. */
const NEWEST = 0.15;
/** As late as one look can count, in milliseconds: a process that was stopped for a minute is not busy. */
const MOST_MS = 1_000;
/** Retry-After lies between these, in seconds, so that those who were refused together do not come back together. */
const RETRY_AFTER = { least: 2, most: 8 };

/**
 * Whether this process takes on another answer, decided before anything is asked of the database. What it takes on it can
 * finish; the rest is told at once to come back, and the pages of the portal, which ask for no place, keep their share.
 */
export class Admission {
  private running = 0;
  private starting = 0;
  private lag = 0;
  private lookedAt = performance.now();
  private refused = 0;
  private toldAt = Number.NEGATIVE_INFINITY;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly limits: AdmissionLimits,
    private readonly log: Log,
  ) {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** @throws AppError("unavailable") when another answer would be too much */
  assertRoom(): void {
    const { runs, starting, lagMs } = this.limits;
    if (this.running < runs && this.starting < starting && this.lag < lagMs) return;
    this.refused++;
    const retryAfter = Math.round(RETRY_AFTER.least + Math.random() * (RETRY_AFTER.most - RETRY_AFTER.least));
    throw new AppError("unavailable", `Too many answers are being written right now. Try again in ${retryAfter} s.`, { retryAfter });
  }

  /** Takes a place for an answer. @throws AppError("unavailable") when there is none */
  enter(): Place {
    this.assertRoom();
    this.running++;
    this.starting++;
    let isStarting = true;
    let isRunning = true;
    const started = () => {
      if (isStarting) this.starting--;
      isStarting = false;
    };
    const leave = () => {
      started();
      if (isRunning) this.running--;
      isRunning = false;
    };
    return { started, leave };
  }

  dispose(): void {
    clearInterval(this.timer);
  }

  /** One line for many refusals: a crowd at the door must not fill the log as well. */
  private tell(now: number): void {
    const { refused, running, starting } = this;
    this.log.warn("questions were refused for want of room", { refused, running, starting, lagMs: Math.round(this.lag) });
    this.refused = 0;
    this.toldAt = now;
  }

  private look(): void {
    const now = performance.now();
    const late = Math.min(Math.max(0, now - this.lookedAt - LOOK_EVERY_MS), MOST_MS);
    this.lookedAt = now;
    this.lag += (late - this.lag) * NEWEST;
    if (this.refused > 0 && now - this.toldAt >= TELL_EVERY_MS) this.tell(now);
  }
}
