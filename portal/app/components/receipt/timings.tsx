import { useFormats, useText } from "~/i18n/text";
import type { Receipt } from "~/models/receipt";
import { classNames } from "../class-names";

/** An answer's time as a bar: searching, waiting for the first word, writing. The widths are in the words too. */
export function Timings({ timings: { searchMs, firstWordMs, totalMs } }: Pick<Receipt, "timings">) {
  const words = useText().receipt;
  const { number } = useFormats();
  if (totalMs === null) return null;
  const searched = Math.min(searchMs ?? 0, totalMs);
  const begun = Math.min(Math.max(firstWordMs ?? totalMs, searched), totalMs);
  const parts = [
    { name: words.timeSearch, ms: searched, look: "bg-chart-c" },
    { name: words.timeWait, ms: begun - searched, look: "bg-chart-f" },
    { name: words.timeWrite, ms: totalMs - begun, look: "bg-chart-a" },
  ];
  const told = (ms: number) => words.seconds(number(Math.round(ms / 10) / 100));
  return (
    <div>
      <div aria-hidden="true" className="flex h-3 gap-0.5 overflow-hidden rounded-full bg-hover">
        {parts.map(
          ({ name, ms, look }) => ms > 0 && <div key={name} className={classNames("h-full", look)} style={{ flex: `${ms} 0 2px` }} />,
        )}
      </div>
      <dl className="mt-3 space-y-1.5 text-sm">
        {parts.map(({ name, ms, look }) => (
          <div key={name} className="flex items-center gap-2">
            <span aria-hidden="true" className={classNames("size-2.5 rounded-[3px]", look)} />
            <dt className="min-w-0 flex-1 text-muted">{name}</dt>
            <dd className="tabular">{told(ms)}</dd>
          </div>
        ))}
        <div className="flex items-center gap-2 font-medium">
          <span aria-hidden="true" className="size-2.5" />
          <dt className="min-w-0 flex-1">{words.timeTotal}</dt>
          <dd className="tabular">{told(totalMs)}</dd>
        </div>
      </dl>
    </div>
  );
}
