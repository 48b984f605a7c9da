import { colour, hex } from "../colour.ts";
import type { Random } from "../random.ts";
import { circle, d, ellipse, path } from "../svg.ts";

/** A vivid iris colour: green, amber, ice blue or copper. */
export function irisColour(random: Random): string {
  return hex(colour(random.pick([95, 48, 195, 24, 140]) + random.between(-6, 6), 85, 55));
}

/** A round eye; with an iris colour it is a coloured eye, without one it is dark. */
export function eye(x: number, y: number, radius: number, iris: string | null, slit = false): string {
  if (iris === null) {
    return (
      circle(x, y, radius * 0.78, { fill: "#15110f" }) +
      circle(x - radius * 0.25, y - radius * 0.28, radius * 0.24, { fill: "#ffffff" })
    );
  }
  return (
    circle(x, y, radius * 1.12, { fill: "#1b1512" }) +
    circle(x, y, radius, { fill: iris }) +
    ellipse(x, y, slit ? radius * 0.3 : radius * 0.48, radius * (slit ? 0.82 : 0.48), { fill: "#0d0b0a" }) +
    circle(x - radius * 0.34, y - radius * 0.36, radius * 0.24, { fill: "#ffffff" })
  );
}

/** A closed, sleeping eye. */
export function closedEye(x: number, y: number, radius: number): string {
  return path(d`M${x - radius} ${y} q${radius} ${radius * 0.9} ${radius * 2} 0`, {
    stroke: "#241a15",
    width: radius * 0.42,
  });
}
