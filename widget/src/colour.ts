/** A colour as red, green and blue from 0 to 255. */
export type Rgb = [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/** Reads a colour as browsers compute one that went through `color-mix(in srgb, …)`: `color(srgb 0.1 0.2 0.3)`. Null for anything else. */
export function parseComputed(text: string): Rgb | null {
  if (!text.startsWith("color(srgb ")) return null;
  const [, ...parts] = text.split(/[ )/]+/);
  return parts.slice(0, 3).map((part) => Math.round(255 * Math.min(1, Math.max(0, Number(part))))) as Rgb;
}

/** The WCAG 2 contrast of two colours, from 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [lighter = 1, darker = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (lighter + 0.05) / (darker + 0.05);
}

/** White where it reads well on `background` (4.5 : 1, at this luminance), black elsewhere: one of the two always does. */
export function textOn(background: Rgb): "#fff" | "#000" {
  return luminance(background) <= 1.05 / 4.5 - 0.05 ? "#fff" : "#000";
}

/** `colour`, darkened or lightened in small steps until it reads well (4.5 : 1) as text on `background`. */
export function readableOn(colour: Rgb, background: Rgb): Rgb {
  const towards = luminance(background) > 0.18 ? BLACK : WHITE;
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = colour.map((part, index) => Math.round(part + ((towards[index] ?? 0) - part) * share)) as Rgb;
    if (contrast(mixed, background) >= 4.5) return mixed;
  }
  return towards;
}

/** The colour as CSS. */
export function toCss(colour: Rgb): string {
  return `rgb(${colour.join(" ")})`;
}

function luminance(colour: Rgb): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
