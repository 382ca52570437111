import { useEffect, useId, useRef, useState } from "react";
import { useFormats, useText } from "~/i18n/text";
import { MEASURES, type Measure, type Series, seriesOf, type UsageRow } from "~/models/usage";
import { Panel } from "../page";
import { ChartBars } from "./chart-bars";
import { ChartTable } from "./chart-table";
import { Choice } from "./choice";
import { SERIES, Swatch } from "./texture";
import { useMeasure } from "./words";

type Props = {
  month: string;
  days: string[];
  byAgent: UsageRow[];
  byModel: UsageRow[];
  /** What a row is called. */
  nameOf: (split: "agent" | "model", of: string) => string;
};

/** What was used day by day, stacked by agent or model. The legend tells the numbers of the day that is looked at. */
export function UsageChart({ month, days, byAgent, byModel, nameOf }: Props) {
  const words = useText().usage;
  const id = useId().replaceAll(":", "");
  const hasTokens = byAgent.some((row) => row.promptTokens > 0);
  const [measure, setMeasure] = useState<Measure>(hasTokens ? "tokens" : "answers");
  const [split, setSplit] = useState<"agent" | "model">("agent");
  const [chosen, setChosen] = useState<number | null>(null);
  const { ref, width } = useWidth();
  const { name, long, short } = useMeasure(measure);
  const { utcDay, utcMonth } = useFormats();
  const series = seriesOf(split === "agent" ? byAgent : byModel, days, measure, SERIES);
  const label = ({ of }: Series) => (of === null ? words.others : nameOf(split, of));
  const shown = (one: Series) => (chosen === null ? one.total : (one.values[chosen] ?? 0));
  const total = series.reduce((sum, one) => sum + shown(one), 0);
  const lastUsed = Math.max(0, ...days.map((_, n) => (series.some(({ values }) => values[n]) ? n : 0)));
  const span = chosen === null ? words.wholeMonth : utcDay(days[chosen] ?? "");
  return (
    <Panel title={words.chartTitle}>
      <div className="-mt-2 mb-4 flex flex-wrap gap-x-6 gap-y-3">
        <Choice
          label={words.measure}
          value={measure}
          onChange={setMeasure}
          options={MEASURES.map((one) => [one, { tokens: words.tokens, cost: words.cost, answers: words.answers }[one]])}
        />
        <Choice
          label={words.splitBy}
          value={split}
          onChange={setSplit}
          options={[
            ["agent", words.byAgent],
            ["model", words.byModel],
          ]}
        />
      </div>
      <div
        ref={ref}
        className="relative overflow-clip rounded-md has-focus-visible:outline-2 has-focus-visible:outline-offset-4 has-focus-visible:outline-accent-ink"
      >
        <ChartBars id={id} width={width} days={days} series={series} chosen={chosen} short={short} onPoint={setChosen} />
        {/* The keyboard's way through the days, and what a screen reader hears of each. */}
        <input
          type="range"
          className="sr-only"
          aria-label={words.chartLabel(name, utcMonth(month))}
          min={0}
          max={days.length - 1}
          value={chosen ?? 0}
          aria-valuetext={`${span}: ${long(total)}. ${series.map((one) => `${label(one)} ${long(shown(one))}`).join(", ")}`}
          onChange={(event) => setChosen(Number(event.target.value))}
          onFocus={() => setChosen(chosen ?? lastUsed)}
          onBlur={() => setChosen(null)}
        />
      </div>
      <div className="mt-3 text-sm">
        <p className="flex items-baseline justify-between gap-4 border-b border-line pb-1.5 font-medium">
          <span>{span}</span>
          <span className="tabular">{long(total)}</span>
        </p>
        <ul className="grid gap-x-8 sm:grid-cols-2">
          {series.map((one, n) => (
            <li key={one.of} className="flex items-center gap-2 border-b border-line py-1.5">
              <Swatch id={id} n={n} />
              <span className="min-w-0 flex-1 truncate">{label(one)}</span>
              <span className="tabular text-muted">{long(shown(one))}</span>
            </li>
          ))}
        </ul>
      </div>
      <ChartTable days={days} series={series} label={label} long={long} />
    </Panel>
  );
}

/** The width an element has, also after the window changed; a guess until it is on the screen. */
function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(720);
  useEffect(() => {
    if (!ref.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(240, entry.contentRect.width)));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}
