import { describe, expect, test } from "vitest";
import { contrast, parseComputed, type Rgb, readableOn, textOn } from "./colour.ts";

/** Every 15th step of each channel: 5,832 colours, the corners of the cube among them. */
const cube: Rgb[] = [];
for (let red = 0; red <= 255; red += 15)
  for (let green = 0; green <= 255; green += 15) for (let blue = 0; blue <= 255; blue += 15) cube.push([red, green, blue]);

describe("colour", () => {
  test("reads what browsers compute and nothing else", () => {
    expect(parseComputed("color(srgb 1 0.5 0)")).toEqual([255, 128, 0]);
    expect(parseComputed("color(srgb 1.0001 -0.2 2e-05 / 0.5)")).toEqual([255, 0, 0]);
    for (const text of ["", "red", "#fff", "rgb(1, 2, 3)", "oklch(0.5 0.2 277)", "color(display-p3 1 0 0)"])
      expect(parseComputed(text)).toBeNull();
  });

  test("agrees with the contrast figures of WCAG", () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 5);
    expect(contrast([255, 255, 255], [119, 119, 119])).toBeCloseTo(4.48, 2);
  });

  test("text on any primary colour has a contrast of at least 4.5", () => {
    const texts: Record<string, Rgb> = { "#fff": [255, 255, 255], "#000": [0, 0, 0] };
    for (const colour of cube) expect(contrast(texts[textOn(colour)] as Rgb, colour), String(colour)).toBeGreaterThanOrEqual(4.5);
  });

  test("any primary colour as text on either panel has a contrast of at least 4.5", () => {
    for (const panel of [
      [255, 255, 255],
      [21, 23, 29],
    ] as Rgb[])
      for (const colour of cube) expect(contrast(readableOn(colour, panel), panel), String(colour)).toBeGreaterThanOrEqual(4.5);
  });

  test("leaves a colour alone that reads well already", () => {
    expect(readableOn([91, 79, 214], [255, 255, 255])).toEqual([91, 79, 214]);
    expect(readableOn([255, 230, 0], [255, 255, 255])).not.toEqual([255, 230, 0]);
  });
});
