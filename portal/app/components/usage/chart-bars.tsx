import { useFormats } from "~/i18n/text";
import type { Series } from "~/models/usage";
import { ticks } from "./scale";
import { Textures } from "./texture";

const HEIGHT = 220;
const TOP = 8;
const BOTTOM = 24;
const LEFT = 60;
const RIGHT = 4;

type Props = {
  id: string;
  width: number;
  days: string[];
  series: Series[];
  /** The day that is looked at, by its number. */
  chosen: number | null;
  short: (value: number) => string;
  onPoint: (day: number | null) => void;
};

/** Bars of stacked series, one a day, with axes. For eyes and pointers; words for everybody are in the chart around it. */
export function ChartBars({ id, width, days, series, chosen, short, onPoint }: Props) {
  const { number } = useFormats();
  const totals = days.map((_, n) => series.reduce((sum, { values }) => sum + (values[n] ?? 0), 0));
  const steps = ticks(Math.max(...totals));
  const max = steps.at(-1) ?? 1;
  const plot = { width: width - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };
  const column = plot.width / days.length;
  const bar = Math.max(2, Math.min(28, column * 0.7));
  const y = (value: number) => TOP + plot.height * (1 - value / max);
  const every = Math.ceil(days.length / Math.max(1, Math.floor(plot.width / 36)));
  const point = (clientX: number, box: DOMRect) => {
    const n = Math.floor((clientX - box.left - LEFT) / column);
    onPoint(n >= 0 && n < days.length ? n : null);
  };
  return (
    <svg
      aria-hidden="true"
      width={width}
      height={HEIGHT}
      className="block touch-pan-y select-none"
      onPointerMove={(event) => point(event.clientX, event.currentTarget.getBoundingClientRect())}
      onPointerDown={(event) => point(event.clientX, event.currentTarget.getBoundingClientRect())}
      onPointerLeave={(event) => event.pointerType === "mouse" && onPoint(null)}
    >
      <Textures id={id} />
      {steps.map((step) => (
        <g key={step}>
          <line x1={LEFT} x2={width - RIGHT} y1={y(step)} y2={y(step)} className={step === 0 ? "stroke-line-strong" : "stroke-line"} />
          <text x={LEFT - 8} y={y(step) + 4} textAnchor="end" className="tabular fill-muted text-xs">
            {short(step)}
          </text>
        </g>
      ))}
      {chosen !== null && <rect x={LEFT + chosen * column} y={TOP} width={column} height={plot.height} className="fill-hover" />}
      {days.map((day, n) => {
        let top = y(0);
        const x = LEFT + n * column + (column - bar) / 2;
        return (
          <g key={day} opacity={chosen === null || chosen === n ? 1 : 0.55}>
            {series.map(({ of, values }, at) => {
              const height = ((values[n] ?? 0) / max) * plot.height;
              top -= height;
              // A hair between two series, unless that would be all there is of one.
              return (
                height > 0 && (
                  <rect key={of} x={x} y={top} width={bar} height={height > 2 ? height - 1 : height} fill={`url(#${id}-${at})`} />
                )
              );
            })}
            {n % every === 0 && (
              <text x={x + bar / 2} y={HEIGHT - 6} textAnchor="middle" className="tabular fill-muted text-xs">
                {number(n + 1)}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}
