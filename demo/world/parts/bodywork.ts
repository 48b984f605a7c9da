import { type Colour, colour, hex, shade } from "../colour.ts";
import type { Random } from "../random.ts";
import type { Sketch } from "../svg.ts";

const paints: readonly Colour[] = [
  colour(356, 72, 48),
  colour(12, 78, 54),
  colour(38, 88, 55),
  colour(48, 90, 58),
  colour(150, 42, 40),
  colour(172, 55, 40),
  colour(200, 70, 48),
  colour(218, 68, 46),
  colour(232, 45, 34),
  colour(272, 36, 46),
  colour(332, 56, 56),
  colour(210, 12, 88),
  colour(210, 10, 68),
  colour(215, 14, 26),
  colour(28, 30, 40),
];

/** A vehicle's main colour. */
export function paintColour(random: Random): Colour {
  const base = random.pick(paints);
  return colour(
    base.hue + random.between(-8, 8),
    base.saturation + random.between(-8, 8),
    base.lightness + random.between(-6, 6),
  );
}

/** A colour that stands out against the main colour. */
export function accentColour(random: Random, main: Colour): Colour {
  if (random.chance(0.45)) return main.lightness > 62 ? colour(main.hue + 160, 55, 30) : colour(45, 40, 95);
  return colour(main.hue + random.pick([150, 180, 210]), 72, main.lightness > 50 ? 32 : 68);
}

/** Polished metal: a bright band of sky, a dark horizon, light from below. */
export function metal(sketch: Sketch, base: Colour): string {
  return sketch.linear([
    [0, hex(shade(base, 16))],
    [0.2, hex(shade(base, 34))],
    [0.34, hex(shade(base, 8))],
    [0.62, hex(shade(base, -8))],
    [0.66, hex(shade(base, -17))],
    [1, hex(shade(base, -2))],
  ]);
}

/** A dull surface: canvas, wood or primer, without any shine. */
export function matte(sketch: Sketch, base: Colour): string {
  const dull = colour(base.hue, base.saturation * 0.45, base.lightness * 0.9 + 4);
  return sketch.linear([
    [0, hex(shade(dull, 3))],
    [1, hex(shade(dull, -7))],
  ]);
}

/** Window glass with the sky in it. */
export function glass(sketch: Sketch): string {
  return sketch.linear(
    [
      [0, "#eaf6ff"],
      [0.42, "#9cc4dd"],
      [0.45, "#50748f"],
      [1, "#22384d"],
    ],
    0,
    0,
    0.35,
    1,
  );
}
