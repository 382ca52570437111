import { CronExpressionParser } from "cron-parser";

/** When a job runs: in each span of a length ("60s", "5m", "24h"; spans begin at full multiples of it, UTC), or by five fields of cron, in UTC. */
export type Schedule = { every?: string | undefined; cron?: string | undefined };

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 };
/** The length of a span such as "60s", "5m" or "24h" in milliseconds. @throws when it is none */
function spanMs(every = ""): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(every) ?? [];
  const ms = Number(count) * UNITS[unit as keyof typeof UNITS];
  if (!(ms > 0)) throw new Error(`A schedule is malformed: "${every}" is no span like "60s", "5m" or "24h"`);
  return ms;
}

const fields = (cron: string, now: number) => CronExpressionParser.parse(cron, { tz: "UTC", currentDate: new Date(now) });

/**
 * The latest tick of a schedule that is not after `now`. Whoever asks is told the same one.
 * @param now milliseconds since 1970
 * @returns milliseconds since 1970
 * @throws when the schedule is malformed
 */
export function latestTick({ every, cron }: Schedule, now: number): number {
  if (cron)
    return fields(cron, now + 1)
      .prev()
      .getTime();
  const span = spanMs(every);
  return Math.floor(now / span) * span;
}

/** The first tick of a schedule after `now`; otherwise as latestTick. */
export function nextTick({ every, cron }: Schedule, now: number): number {
  if (cron) return fields(cron, now).next().getTime();
  const span = spanMs(every);
  return (Math.floor(now / span) + 1) * span;
}
