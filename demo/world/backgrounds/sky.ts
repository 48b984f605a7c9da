import type { Light } from "../light.ts";
import type { Random } from "../random.ts";
import { circle, ellipse, rect, type Sketch } from "../svg.ts";

/** A soft cloud: a few overlapping ellipses, shaded below. */
export function cloud(
  sketch: Sketch,
  random: Random,
  x: number,
  y: number,
  size: number,
  opacity: number,
): string {
  const fill = sketch.linear([
    [0, "#ffffff"],
    [1, "#c9d6e6"],
  ]);
  let svg = "";
  for (let i = 0; i < 4; i += 1) {
    svg += ellipse(
      x + (i - 1.5) * size * 0.5,
      y - random.between(0, size * 0.22),
      size * random.between(0.36, 0.6),
      size * random.between(0.2, 0.36),
      { fill, opacity },
    );
  }
  return svg;
}

/** The sky down to `low`, with clouds, and a sun, moon or stars as the light has it. */
export function skyAbove(sketch: Sketch, random: Random, light: Light, low: number, clouds: number): string {
  let svg = rect(0, 0, 100, low + 1, {
    fill: sketch.linear([
      [0, light.skyTop],
      [1, light.skyLow],
    ]),
  });
  const x = random.between(8, 92);
  const y = random.between(6, Math.max(12, low * 0.4));
  if (light.name === "moonlit") {
    for (let i = 0; i < 12; i += 1)
      svg += circle(random.between(0, 100), random.between(0, low * 0.8), random.between(0.3, 0.8), {
        fill: "#ffffff",
        opacity: 0.8,
      });
    svg +=
      circle(x, y, 12, {
        fill: sketch.radial([
          [0, "#ffffff", 0.35],
          [1, "#ffffff", 0],
        ]),
      }) + circle(x, y, 4.6, { fill: "#f6f1dc" });
  } else if (light.name !== "overcast") {
    const warm = light.name === "noon" ? "#fffbe6" : "#ffe2a8";
    svg += circle(x, y, 24, {
      fill: sketch.radial([
        [0, warm, 0.85],
        [0.3, warm, 0.35],
        [1, warm, 0],
      ]),
    });
    if (random.chance(0.5)) svg += circle(x, y, 4.4, { fill: warm });
  }
  for (let i = 0; i < clouds; i += 1) {
    svg += cloud(
      sketch,
      random,
      random.between(-5, 105),
      random.between(4, low * 0.85),
      random.between(9, 20),
      light.name === "moonlit" ? 0.16 : random.between(0.5, 0.9),
    );
  }
  return svg;
}
