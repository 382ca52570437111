import type { Locale } from "@gpt-agent/core/locales";

const SECOND = 1_000;
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 24 * 3_600 * SECOND],
  ["month", 30 * 24 * 3_600 * SECOND],
  ["week", 7 * 24 * 3_600 * SECOND],
  ["day", 24 * 3_600 * SECOND],
  ["hour", 3_600 * SECOND],
  ["minute", 60 * SECOND],
  ["second", SECOND],
];

/** Ways of writing values in a language, by Intl. */
export function formatsIn(locale: Locale) {
  const numbers = new Intl.NumberFormat(locale);
  const percents = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  const inUtc = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
  const utc = {
    day: inUtc({ day: "numeric", month: "long" }),
    month: inUtc({ month: "long", year: "numeric" }),
    moment: inUtc({ day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  };
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "long" });
  const bytesIn = (unit: "byte" | "kilobyte" | "megabyte", digits: number) =>
    new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short", maximumFractionDigits: digits });
  const bytes = { byte: bytesIn("byte", 0), kilobyte: bytesIn("kilobyte", 0), megabyte: bytesIn("megabyte", 1) };
  return {
    number: (n: number) => numbers.format(n),
    /** A number where there is little room: 12K. */
    compact: (n: number) => compact.format(n),
    percent: (ratio: number) => percents.format(ratio),
    /** A size in bytes, as people write it: 840 byte, 12 kB, 3.4 MB (powers of 1,024). */
    size: (n: number) =>
      n < 1_024 ? bytes.byte.format(n) : n < 1_024 ** 2 ? bytes.kilobyte.format(n / 1_024) : bytes.megabyte.format(n / 1_024 ** 2),
    /** Millionths of a US dollar. */
    money: (micros: number) =>
      new Intl.NumberFormat(locale, {
        style: "currency",
        currency: "USD",
        minimumFractionDigits: 2,
        maximumFractionDigits: micros !== 0 && Math.abs(micros) < 10_000 ? 6 : 2,
      }).format(micros / 1e6),
    /** A UTC day such as 2026-11-22: 22 November. */
    utcDay: (day: string) => utc.day.format(new Date(`${day}T00:00:00Z`)),
    /** A UTC month such as 2026-11: November 2026. */
    utcMonth: (month: string) => utc.month.format(new Date(`${month}-01T00:00:00Z`)),
    /** A moment as a clock in UTC shows it: 22 November, 00:00 UTC. */
    utcMoment: (at: string) => `${utc.moment.format(new Date(at))} UTC`,
    date: (at: string | number) => exact.format(new Date(at)),
    /** "5 minutes ago"; `now` in milliseconds since 1970. */
    ago(at: string | number, now: number): string {
      const difference = new Date(at).getTime() - now;
      if (Math.abs(difference) < 10 * SECOND) return relative.format(0, "second");
      const [unit, size] = STEPS.find(([, step]) => Math.abs(difference) >= step) ?? ["second", SECOND];
      return relative.format(Math.trunc(difference / size), unit);
    },
  };
}
