import type { ReactNode } from "react";
import { useFormats, useText } from "~/i18n/text";
import { type Ranked, sum } from "~/models/usage";
import { Card } from "../page";

type Props = { title: string; column: string; rows: Ranked[]; name: (of: string) => ReactNode; unanswered?: boolean };

/** What each agent or each model used in a month, the most expensive first, and all of it together. */
export function UsageTable({ title, column, rows, name, unanswered }: Props) {
  const words = useText().usage;
  const { number, money } = useFormats();
  const total = sum(rows.map(({ used }) => used));
  const cells = ({ answers, unanswered: missed, promptTokens, completionTokens, costMicros }: typeof total) => (
    <>
      <td className="px-4 py-2.5 text-right">{number(answers)}</td>
      {unanswered && <td className="hidden px-4 py-2.5 text-right sm:table-cell">{number(missed)}</td>}
      <td className="hidden px-4 py-2.5 text-right sm:table-cell" title={words.tokensSplit(number(promptTokens), number(completionTokens))}>
        {number(promptTokens + completionTokens)}
      </td>
      <td className="px-4 py-2.5 text-right">{money(costMicros)}</td>
    </>
  );
  return (
    <Card className="overflow-clip" aria-label={title}>
      <table className="w-full">
        <thead className="text-left text-sm text-muted">
          <tr className="border-b border-line">
            <th scope="col" className="px-4 py-2.5 font-medium">
              {column}
            </th>
            <th scope="col" className="w-px px-4 py-2.5 text-right font-medium whitespace-nowrap">
              {words.answers}
            </th>
            {unanswered && (
              <th scope="col" className="hidden w-px px-4 py-2.5 text-right font-medium whitespace-nowrap sm:table-cell">
                {words.unanswered}
              </th>
            )}
            <th scope="col" className="hidden w-px px-4 py-2.5 text-right font-medium whitespace-nowrap sm:table-cell">
              {words.tokens}
            </th>
            <th scope="col" className="w-px px-4 py-2.5 text-right font-medium whitespace-nowrap">
              {words.cost}
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {rows.map(({ of, used }) => (
            <tr key={of}>
              <th scope="row" className="max-w-0 truncate px-4 py-2.5 text-left font-medium">
                {name(of)}
              </th>
              {cells(used)}
            </tr>
          ))}
        </tbody>
        {rows.length > 1 && (
          <tfoot>
            <tr className="border-t border-line font-medium">
              <th scope="row" className="px-4 py-2.5 text-left font-medium">
                {words.total}
              </th>
              {cells(total)}
            </tr>
          </tfoot>
        )}
      </table>
    </Card>
  );
}
