import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

type Rgb = [number, number, number];

/** Linear sRGB of an oklch colour (CSS Color 4, section 9.4), clipped to the gamut. */
function linear(l: number, c: number, h: number): Rgb {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const [x, y, z] = [
    l + 0.3963377774 * a + 0.2158037573 * b,
    l - 0.1055613458 * a - 0.0638541728 * b,
    l - 0.0894841775 * a - 1.291485548 * b,
  ].map((n) => n ** 3) as Rgb;
  const clip = (n: number) => Math.min(1, Math.max(0, n));
  return [
    clip(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z),
    clip(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z),
    clip(-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z),
  ];
}

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const css = readFileSync(fileURLToPath(new URL("./tokens.css", import.meta.url)), "utf8");
const OKLCH = String.raw`oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)`;
const tokens = new Map(
  [...css.matchAll(new RegExp(String.raw`--color-([a-z-]+): light-dark\(${OKLCH}, ${OKLCH}\)`, "g"))].map(([, name = "", ...numbers]) => {
    const [l1 = 0, c1 = 0, h1 = 0, l2 = 0, c2 = 0, h2 = 0] = numbers.map(Number);
    return [name, { light: linear(l1, c1, h1), dark: linear(l2, c2, h2) }];
  }),
);
const token = (name: string) => {
  const found = tokens.get(name);
  if (!found) throw new Error(`No token ${name}`);
  return found;
};

const SURFACES = ["page", "surface", "raised", "sunken", "hover"];
/** Texts and what they stand on: 4.5 : 1. */
const TEXTS: [string, string][] = [
  ...SURFACES.flatMap((surface): [string, string][] => ["ink", "muted", "accent-ink", "danger-ink"].map((text) => [text, surface])),
  ...["page", "surface", "raised"].flatMap((surface): [string, string][] => [
    ["success-ink", surface],
    ["warning-ink", surface],
  ]),
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
  ["on-danger", "danger"],
  ["on-danger", "danger-hover"],
  ["ink", "accent-soft"],
  ["muted", "accent-soft"],
  ["accent-ink", "accent-soft"],
  ["success-ink", "success-soft"],
  ["warning-ink", "warning-soft"],
  ["danger-ink", "danger-soft"],
];
/** Borders of what one can press or type into, and marks: 3 : 1. */
const MARKS: [string, string][] = [
  ...["page", "surface"].map((surface): [string, string] => ["line-strong", surface]),
  ...["page", "surface"].map((surface): [string, string] => ["accent", surface]),
  ["danger", "surface"],
];

describe("contrast of the design tokens", () => {
  test("the ruler: black on white is 21, equal colours are 1", () => {
    expect(contrast(linear(0, 0, 0), linear(1, 0, 0))).toBeCloseTo(21, 1);
    expect(contrast(linear(0.5, 0.1, 30), linear(0.5, 0.1, 30))).toBe(1);
    // #777777 on white is the known 4.48.
    expect(contrast(linear(0.5693, 0, 0), linear(1, 0, 0))).toBeCloseTo(4.48, 1);
  });

  test("every colour of the tokens file is read", () => {
    expect(tokens.size).toBe([...css.matchAll(/--color-[a-z-]+: light-dark/g)].length);
    expect(tokens.size).toBeGreaterThan(20);
  });

  test.each(["light", "dark"] as const)("texts are at least 4.5 : 1 (%s)", (scheme) => {
    for (const [text, ground] of TEXTS) {
      expect([text, ground, contrast(token(text)[scheme], token(ground)[scheme]) >= 4.5]).toEqual([text, ground, true]);
    }
  });

  test.each(["light", "dark"] as const)("borders and marks are at least 3 : 1 (%s)", (scheme) => {
    for (const [mark, ground] of MARKS) {
      expect([mark, ground, contrast(token(mark)[scheme], token(ground)[scheme]) >= 3]).toEqual([mark, ground, true]);
    }
  });
});
