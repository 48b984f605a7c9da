import { circle, line, type Sketch } from "../svg.ts";

/** A wheel seen from the side: tyre, rim, spokes, hub. */
export function wheel(sketch: Sketch, x: number, y: number, radius: number, turnBy: number): string {
  const rim = sketch.radial(
    [
      [0, "#ffffff"],
      [0.6, "#c9d0d8"],
      [1, "#7d8792"],
    ],
    0.4,
    0.35,
    0.7,
  );
  let body = circle(x, y, radius, { fill: "#16181d" }) + circle(x, y, radius * 0.62, { fill: rim });
  for (let i = 0; i < 5; i += 1) {
    const angle = turnBy + (i * Math.PI * 2) / 5;
    body += line(
      x,
      y,
      x + Math.cos(angle) * radius * 0.52,
      y + Math.sin(angle) * radius * 0.52,
      "#59626d",
      radius * 0.13,
    );
  }
  return body + circle(x, y, radius * 0.18, { fill: "#30363d" });
}
