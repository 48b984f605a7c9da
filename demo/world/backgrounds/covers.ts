import { colour, hex } from "../colour.ts";
import type { Random } from "../random.ts";
import { d, ellipse, path, rect, type Sketch } from "../svg.ts";

/** Tall grass that hides what is below `y`. */
export function grassCover(sketch: Sketch, random: Random, y: number, hue: number): string {
  const fill = sketch.linear([
    [0, hex(colour(hue, 46, 44))],
    [1, hex(colour(hue, 50, 24))],
  ]);
  let front = d`M-2 102 L-2 ${y} `;
  for (let x = -2; x < 102; x += 2.6)
    front += d`L${x + random.between(-0.6, 0.8)} ${y - random.between(0.5, 4.5)} L${x + 1.6} ${y + random.between(0, 1.4)} `;
  return path(`${front} L102 102 Z`, { fill });
}

/** A drift of snow or a dune of sand that hides what is below `y`. */
export function driftCover(sketch: Sketch, random: Random, y: number, top: string, low: string): string {
  const fill = sketch.linear([
    [0, top],
    [1, low],
  ]);
  const a = random.between(1, 4);
  return path(
    d`M-2 102 L-2 ${y - a * 0.6} Q20 ${y - a - 2} 42 ${y - 0.6} T84 ${y - 1} Q94 ${y - 3} 102 ${y - a * 0.4} L102 102 Z`,
    { fill },
  );
}

/** Water that hides what is below `y`. */
export function waterCover(sketch: Sketch, random: Random, y: number, top: string, low: string): string {
  let wave = d`M-2 102 L-2 ${y} `;
  for (let x = -2; x < 102; x += 8) wave += d`q4 ${-random.between(0.8, 2.2)} 8 0 `;
  let svg = path(`${wave} L102 102 Z`, {
    fill: sketch.linear([
      [0, top],
      [1, low],
    ]),
  });
  for (let i = 0; i < 5; i += 1)
    svg += ellipse(random.between(0, 100), y + random.between(2, 14), random.between(4, 11), 0.6, {
      fill: "#ffffff",
      opacity: 0.45,
    });
  return svg;
}

/** A low wall that hides what is below `y`. */
export function wallCover(sketch: Sketch, random: Random, y: number): string {
  const base = colour(random.pick([30, 210, 16]), random.between(6, 22), random.between(52, 68));
  let svg = rect(-2, y, 104, 104 - y, {
    fill: sketch.linear([
      [0, hex(base)],
      [1, hex(colour(base.hue, base.saturation, base.lightness - 24))],
    ]),
  });
  svg += rect(-2, y - 1.6, 104, 3, { fill: hex(colour(base.hue, base.saturation, base.lightness + 14)) });
  for (let x = random.between(0, 12); x < 100; x += 19)
    svg += rect(x, y + 2, 0.9, 100, { fill: "#000000", opacity: 0.14 });
  return svg;
}
