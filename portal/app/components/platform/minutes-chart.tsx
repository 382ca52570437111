import { useFormats, useText } from "~/i18n/text";

const HEIGHT = 96;
const STEP = 10;

/** The last hour, a bar a minute: done, and failed on top. In words below, for those who do not see it; about jobs unless given. */
export function MinutesChart({ minutes, caption }: { minutes: { at: string; done: number; failed: number }[]; caption?: string }) {
  const words = useText().platform;
  const { number } = useFormats();
  const most = Math.max(1, ...minutes.map(({ done, failed }) => done + failed));
  const sum = (of: "done" | "failed") => minutes.reduce((all, minute) => all + minute[of], 0);
  const height = (n: number) => (n / most) * (HEIGHT - 4);
  return (
    <figure>
      <div className="flex gap-2">
        <span aria-hidden className="tabular text-xs text-muted">
          {number(most)}
        </span>
        <svg aria-hidden="true" viewBox={`0 0 ${minutes.length * STEP} ${HEIGHT}`} preserveAspectRatio="none" className="h-24 w-full">
          <line x1={0} x2={minutes.length * STEP} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="stroke-line-strong" />
          {minutes.map(({ at, done, failed }, n) => (
            <g key={at}>
              <rect x={n * STEP + 1} width={STEP - 2} y={HEIGHT - height(done)} height={height(done)} className="fill-accent" />
              <rect x={n * STEP + 1} width={STEP - 2} y={HEIGHT - height(done + failed)} height={height(failed)} className="fill-danger" />
            </g>
          ))}
        </svg>
      </div>
      <figcaption className="mt-2 text-sm text-muted">{caption ?? words.throughputText(sum("done"), sum("failed"))}</figcaption>
    </figure>
  );
}
