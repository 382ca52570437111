import { AppError } from "@gpt-agent/core/errors";

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
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly limits: AdmissionLimits) {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** @throws AppError("unavailable") when another answer would be too much */
  assertRoom(): void {
    const { runs, starting, lagMs } = this.limits;
    if (this.running < runs && this.starting < starting && this.lag < lagMs) return;
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

  private look(): void {
    const now = performance.now();
    const late = Math.min(Math.max(0, now - this.lookedAt - LOOK_EVERY_MS), MOST_MS);
    this.lookedAt = now;
    this.lag += (late - this.lag) * NEWEST;
  }
}
