import type { Random } from "../random.ts";
import { circle, d, ellipse, path, rect } from "../svg.ts";

/** The box that a pattern must fill. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Slanted straight stripes, for paint. */
export function paintStripes(area: Area, fill: string, step: number, slant = 0.6): string {
  let data = "";
  for (let x = area.x - area.height * slant; x < area.x + area.width; x += step * 2) {
    const rise = area.height * slant;
    data += d`M${x} ${area.y + area.height} L${x + rise} ${area.y} L${x + rise + step} ${area.y} L${x + step} ${area.y + area.height} Z `;
  }
  return path(data, { fill });
}

/** Level bands, for paint. */
export function paintBands(area: Area, fill: string, count: number): string {
  const step = area.height / (count * 2 + 1);
  let body = "";
  for (let i = 0; i < count; i += 1)
    body += rect(area.x, area.y + step * (2 * i + 1), area.width, step, { fill });
  return body;
}

/** A checkerboard, for paint. */
export function checkers(area: Area, fill: string, step: number): string {
  let data = "";
  for (let row = 0; row * step < area.height; row += 1) {
    for (let column = row % 2; column * step < area.width; column += 2) {
      data += d`M${area.x + column * step} ${area.y + row * step} h${step} v${step} h${-step} Z `;
    }
  }
  return path(data, { fill });
}

/** Wavering upright stripes, as on a tabby or a zebra. */
export function coatStripes(random: Random, area: Area, stroke: string, step: number, width: number): string {
  let data = "";
  for (let x = area.x + step / 2; x < area.x + area.width; x += step * random.between(0.85, 1.15)) {
    const bend = random.between(-step, step) * 0.5;
    const end = area.y + area.height * random.between(0.6, 1);
    data += d`M${x} ${area.y} Q${x + bend} ${(area.y + end) / 2} ${x - bend * 0.4} ${end} `;
  }
  return path(data, { stroke, width });
}

/** Round spots scattered over the area. */
export function spots(
  random: Random,
  area: Area,
  fill: string,
  count: number,
  small: number,
  large: number,
): string {
  let body = "";
  const columns = Math.max(1, Math.round(Math.sqrt((count * area.width) / area.height)));
  const rows = Math.ceil(count / columns);
  for (let i = 0; i < columns * rows; i += 1) {
    const x = area.x + ((i % columns) + random.between(0.15, 0.85)) * (area.width / columns);
    const y = area.y + (Math.floor(i / columns) + random.between(0.15, 0.85)) * (area.height / rows);
    body += circle(x, y, random.between(small, large), { fill });
  }
  return body;
}

/** A few large soft patches, as on a pinto. */
export function patches(random: Random, area: Area, fill: string, count: number): string {
  let body = "";
  for (let i = 0; i < count; i += 1) {
    const x = area.x + (i + random.between(0.2, 0.8)) * (area.width / count);
    const y = area.y + random.between(0.1, 0.75) * area.height;
    body += ellipse(
      x,
      y,
      area.width / count / random.between(2.1, 3),
      area.height * random.between(0.25, 0.42),
      {
        fill,
        transform: `rotate(${String(random.integer(-25, 25))} ${String(Math.round(x))} ${String(Math.round(y))})`,
      },
    );
  }
  return body;
}
