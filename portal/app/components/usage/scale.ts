/** Round steps for an axis: at most `most` of them, 1, 2 or 5 times a power of ten apart, from 0 to at least `max`. */
export function ticks(max: number, most = 4): number[] {
  if (max <= 0) return [0, 1];
  const rough = max / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, n) => n * step);
}
