import { useFormats, useText } from "~/i18n/text";
import type { Series } from "~/models/usage";

type Props = { days: string[]; series: Series[]; label: (one: Series) => string; long: (value: number) => string };

/** The chart's numbers as a table, for whom a picture says nothing. Days on which nothing was used are left out. */
export function ChartTable({ days, series, label, long }: Props) {
  const words = useText().usage;
  const { utcDay } = useFormats();
  const totalOf = (n: number) => series.reduce((sum, { values }) => sum + (values[n] ?? 0), 0);
  return (
    <details className="mt-3">
      <summary className="w-fit rounded-sm text-sm text-muted hover:text-ink">{words.asTable}</summary>
      <section aria-label={words.chartTitle} className="mt-2 overflow-x-auto">
        <table className="w-full text-sm">
          <thead className="text-left text-muted">
            <tr className="border-b border-line">
              <th scope="col" className="py-1.5 pr-4 font-medium">
                {words.day}
              </th>
              {series.map((one) => (
                <th key={one.of} scope="col" className="px-4 py-1.5 text-right font-medium whitespace-nowrap">
                  {label(one)}
                </th>
              ))}
              <th scope="col" className="py-1.5 pl-4 text-right font-medium">
                {words.total}
              </th>
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {days.map(
              (day, n) =>
                totalOf(n) > 0 && (
                  <tr key={day}>
                    <th scope="row" className="py-1.5 pr-4 text-left font-normal whitespace-nowrap">
                      {utcDay(day)}
                    </th>
                    {series.map((one) => (
                      <td key={one.of} className="px-4 py-1.5 text-right">
                        {long(one.values[n] ?? 0)}
                      </td>
                    ))}
                    <td className="py-1.5 pl-4 text-right font-medium">{long(totalOf(n))}</td>
                  </tr>
                ),
            )}
          </tbody>
        </table>
      </section>
    </details>
  );
}
