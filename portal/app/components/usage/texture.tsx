const FILLS = [
  "var(--color-chart-a)",
  "var(--color-chart-b)",
  "var(--color-chart-c)",
  "var(--color-chart-d)",
  "var(--color-chart-e)",
  "var(--color-chart-f)",
];
/** Lines over the fill, so that a series is known without its colour: none, rising, dots, falling, level, upright. */
const LINES = [null, "M-2 10 10-2M-2 2 2-2M6 10 10 6", null, "M-2-2 10 10M6-2 10 2M-2 6 2 10", "M0 4h8", "M4 0v8"];

/** How many series a chart can tell apart. */
export const SERIES = FILLS.length;

/** The SVG patterns that series are filled with, as url(#<id>-<number>). */
export function Textures({ id }: { id: string }) {
  return (
    <defs>
      {FILLS.map((fill, n) => (
        <pattern key={fill} id={`${id}-${n}`} width="8" height="8" patternUnits="userSpaceOnUse">
          <rect width="8" height="8" style={{ fill }} />
          {LINES[n] && <path d={LINES[n]} strokeWidth="1.25" className="stroke-surface" />}
          {n === 2 && <circle cx="4" cy="4" r="1.25" className="fill-surface" />}
        </pattern>
      ))}
    </defs>
  );
}

/** A legend's patch of a series. */
export function Swatch({ id, n }: { id: string; n: number }) {
  return (
    <svg aria-hidden="true" width="14" height="14" className="shrink-0 rounded-[3px]">
      <rect width="14" height="14" fill={`url(#${id}-${n})`} />
    </svg>
  );
}
