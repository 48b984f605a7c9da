import { colour, hex } from "../colour.ts";
import type { Random } from "../random.ts";
import { circle, d, path, polygon, rect, type Sketch } from "../svg.ts";

/** Rolling hills against the sky, standing on `y`. */
export function hills(random: Random, y: number, rise: number, fill: string): string {
  let data = d`M-5 ${y + 2} L-5 ${y - random.between(0.2, 0.9) * rise} `;
  for (let x = -5; x < 105; x += 28)
    data += d`Q${x + 14} ${y - random.between(0.7, 1.5) * rise} ${x + 28} ${y - random.between(0.2, 0.8) * rise} `;
  return path(`${data} L105 ${String(Math.round(y + 2))} Z`, { fill });
}

/** A mountain range with lit snow on its peaks, standing on `y`. */
export function peaks(random: Random, y: number, rise: number, fill: string, snow: string): string {
  let svg = "";
  let x = random.between(-18, 2);
  while (x < 100) {
    const w = random.between(26, 46);
    const h = rise * random.between(0.6, 1.15);
    const top = x + w * random.between(0.4, 0.6);
    svg += polygon(
      [
        [x - 6, y + 1],
        [top, y - h],
        [x + w + 6, y + 1],
      ],
      { fill },
    );
    svg += polygon(
      [
        [top, y - h],
        [top + w * 0.19, y - h * 0.64],
        [top + w * 0.06, y - h * 0.7],
        [top - w * 0.04, y - h * 0.58],
        [top - w * 0.17, y - h * 0.68],
      ],
      { fill: snow },
    );
    svg += polygon(
      [
        [top, y - h],
        [x + w + 6, y + 1],
        [top + w * 0.06, y + 1],
      ],
      { fill: "#0a1830", opacity: 0.16 },
    );
    x += w * random.between(0.5, 0.8);
  }
  return svg;
}

/** Fir trees in a row on `y`. */
export function firs(random: Random, y: number, size: number, fill: string, count: number): string {
  let svg = "";
  for (let i = 0; i < count; i += 1) {
    const x = ((i + random.between(0.1, 0.9)) * 104) / count - 2;
    const h = size * random.between(0.6, 1.25);
    svg += polygon(
      [
        [x, y - h],
        [x + h * 0.2, y - h * 0.5],
        [x + h * 0.12, y - h * 0.5],
        [x + h * 0.28, y + 1],
        [x - h * 0.28, y + 1],
        [x - h * 0.12, y - h * 0.5],
        [x - h * 0.2, y - h * 0.5],
      ],
      { fill },
    );
  }
  return svg;
}

/** Leafy trees in a row on `y`. */
export function leafyTrees(
  random: Random,
  y: number,
  size: number,
  hue: number,
  lightness: number,
  count: number,
): string {
  let svg = "";
  for (let i = 0; i < count; i += 1) {
    const x = ((i + random.between(0.1, 0.9)) * 106) / count - 3;
    const r = size * random.between(0.35, 0.6);
    svg += circle(x, y - r, r, { fill: hex(colour(hue, 36, lightness + random.between(-4, 4))) });
    svg += circle(x - r * 0.3, y - r * 1.25, r * 0.6, {
      fill: hex(colour(hue, 38, lightness + 6)),
      opacity: 0.6,
    });
  }
  return svg;
}

/** A skyline of buildings with lit or mirroring windows, standing on `y`. */
export function skyline(sketch: Sketch, random: Random, y: number, rise: number, night: boolean): string {
  let svg = "";
  let x = -4;
  while (x < 102) {
    const w = random.between(9, 19);
    const h = rise * random.between(0.4, 1.1);
    const base = colour(
      random.pick([215, 24, 205, 36]),
      random.between(8, 24),
      night ? random.between(16, 26) : random.between(52, 74),
    );
    svg += rect(x, y - h, w, h + 1, {
      fill: sketch.linear([
        [0, hex(base)],
        [1, hex(colour(base.hue, base.saturation, base.lightness - 12))],
      ]),
    });
    let panes = "";
    for (let wy = y - h + 3; wy < y - 4; wy += 5)
      for (let wx = x + 2; wx < x + w - 2.6; wx += 3.8)
        if (random.chance(0.7)) panes += d`M${wx} ${wy} h1.9 v2.5 h-1.9 Z `;
    svg += path(panes, { fill: night ? "#ffdf8e" : "#e6f2f8", opacity: 0.7 });
    x += w + random.between(-1, 2);
  }
  return svg;
}
