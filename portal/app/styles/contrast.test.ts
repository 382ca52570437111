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
  ...["a", "b", "c", "d", "e", "f"].map((letter): [string, string] => [`chart-${letter}`, "surface"]),
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

/** How colours look to people without one kind of cone, in linear sRGB (Viénot, Brettel and Mollon 1999; tritan: Brettel 1997, one plane). */
const BLINDNESS: Record<string, [Rgb, Rgb, Rgb]> = {
  protan: [
    [0.11238, 0.88762, 0],
    [0.11238, 0.88762, 0],
    [0.00401, -0.00401, 1],
  ],
  deutan: [
    [0.29275, 0.70725, 0],
    [0.29275, 0.70725, 0],
    [-0.02234, 0.02234, 1],
  ],
  tritan: [
    [1, 0.1443, -0.1443],
    [0, 0.8597, 0.1403],
    [0, 0.8597, 0.1403],
  ],
};

/** Oklab of a linear sRGB colour, in which distances are about as large as they look. */
function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(Math.max(0, 0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b));
  const m = Math.cbrt(Math.max(0, 0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b));
  const s = Math.cbrt(Math.max(0, 0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b));
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
const times = (rows: [Rgb, Rgb, Rgb], [x, y, z]: Rgb): Rgb => rows.map(([a, b, c]) => a * x + b * y + c * z) as Rgb;
const apart = (one: Rgb, other: Rgb) => Math.hypot(...oklab(one).map((n, i) => n - (oklab(other)[i] ?? 0)));

describe("the colours of charts", () => {
  const letters = ["a", "b", "c", "d", "e", "f"];
  const pairs = letters.flatMap((one, n) => letters.slice(n + 1).map((other): [string, string] => [one, other]));
  test.each(["light", "dark"] as const)("are told apart by colour-blind people too (%s)", (scheme) => {
    for (const [kind, seen] of Object.entries(BLINDNESS)) {
      const near = pairs.filter(([one, other]) => {
        const [first, second] = [one, other].map((letter) => times(seen, token(`chart-${letter}`)[scheme])) as [Rgb, Rgb];
        return apart(first, second) < 0.1;
      });
      expect([kind, near]).toEqual([kind, []]);
    }
  });
});
