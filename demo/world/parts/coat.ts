import { type Colour, colour, hex, shade } from "../colour.ts";
import type { Random } from "../random.ts";
import { d, path, type Sketch } from "../svg.ts";
import type { Area } from "./pattern.ts";

/** Fur shaded by light from above. */
export function fur(sketch: Sketch, base: Colour): string {
  return sketch.linear([
    [0, hex(shade(base, 12))],
    [0.45, hex(base)],
    [1, hex(shade(base, -14))],
  ]);
}

/** Smooth bare skin: pinkish, with a broad sheen instead of hair. */
export function skin(sketch: Sketch, base: Colour): string {
  const bare = colour(14, base.saturation * 0.5 + 16, base.lightness * 0.5 + 34);
  return sketch.linear([
    [0, hex(shade(bare, 14))],
    [0.3, hex(shade(bare, 4))],
    [1, hex(shade(bare, -12))],
  ]);
}

/** Short hairs lying over the area, lighter above and darker below. */
export function hairs(
  random: Random,
  area: Area,
  base: Colour,
  count: number,
  length: number,
  lean = -0.4,
): string {
  let bright = "";
  let dark = "";
  for (let i = 0; i < count; i += 1) {
    const x = area.x + random.between(0.04, 0.96) * area.width;
    const v = random.between(0.02, 0.98);
    const y = area.y + v * area.height;
    const l = length * random.between(0.7, 1.3);
    const stroke = d`M${x} ${y} q${l * lean * 0.3} ${l * 0.5} ${l * lean} ${l} `;
    if (random.chance(0.75 - v * 0.5)) bright += stroke;
    else dark += stroke;
  }
  return (
    path(bright, { stroke: hex(shade(base, 20)), width: 0.8, opacity: 0.65 }) +
    path(dark, { stroke: hex(shade(base, -20)), width: 0.8, opacity: 0.55 })
  );
}

/** A fringe of tufts along the way from (x1,y1) to (x2,y2), pointing away by (nx,ny). */
export function tufts(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  nx: number,
  ny: number,
  count: number,
  fill: string,
): string {
  let data = d`M${x1} ${y1} `;
  for (let i = 0; i < count; i += 1) {
    const at = (t: number): readonly [number, number] => [x1 + (x2 - x1) * t, y1 + (y2 - y1) * t];
    const [px, py] = at((i + 0.55) / count);
    const [qx, qy] = at((i + 1) / count);
    data += d`L${px + nx} ${py + ny} L${qx} ${qy} `;
  }
  return path(`${data}Z`, { fill });
}
