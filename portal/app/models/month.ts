import { z } from "zod";

const monthText = z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/);

/** A month of UTC days: `month` is 2026-11, days are 2026-11-01 to 2026-11-30. */
export type Month = { month: string; days: string[]; previous: string; next: string | null };

const isoMonth = (year: number, index: number) => new Date(Date.UTC(year, index, 1)).toISOString().slice(0, 7);

/** The month that an address names (?month=2026-11); this month for anything else and for months to come. */
export function monthOf(named: string | null, now: Date): Month {
  const current = now.toISOString().slice(0, 7);
  const given = monthText.safeParse(named).data;
  const month = given && given <= current ? given : current;
  const [year = 0, number = 1] = month.split("-").map(Number);
  const length = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return {
    month,
    days: Array.from({ length }, (_, n) => `${month}-${String(n + 1).padStart(2, "0")}`),
    previous: isoMonth(year, number - 2),
    next: month === current ? null : isoMonth(year, number),
  };
}
