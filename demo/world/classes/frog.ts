import { colour, hex, shade } from "../colour.ts";
import { eye, irisColour } from "../parts/eye.ts";
import { coatStripes, spots } from "../parts/pattern.ts";
import type { Drawing, Subject } from "../subject.ts";
import { circle, d, ellipse, path } from "../svg.ts";

/** A frog, squatting and looking at us or to the side; wet or dry, spotted or plain. */
export function drawFrog({ random, sketch, has }: Subject): Drawing {
  const base = random.pick([
    colour(104, 52, 42),
    colour(86, 56, 46),
    colour(140, 42, 36),
    colour(62, 52, 44),
    colour(30, 44, 38),
    colour(174, 46, 38),
    colour(14, 66, 48),
  ]);
  const fill = sketch.radial(
    [
      [0, hex(shade(base, 18))],
      [0.55, hex(base)],
      [1, hex(shade(base, -18))],
    ],
    0.45,
    0.25,
    0.8,
  );
  const dark = hex(shade(base, -16));
  const belly = hex(colour(base.hue - 16, 46, 84));
  const mark = hex(random.chance(0.6) ? shade(base, -27) : colour(base.hue - 40, 70, 68));
  const iris = has("colored-eyes") ? irisColour(random) : null;
  const striped = random.chance(0.25);
  const wetness = (points: readonly (readonly [number, number, number])[]): string =>
    points.map(([x, y, r]) => ellipse(x, y, r * 1.5, r * 0.7, { fill: "#ffffff", opacity: 0.85 })).join("");
  const droplets = (area: { x: number; y: number; width: number; height: number }): string =>
    Array.from({ length: 9 }, () => {
      const x = area.x + random.next() * area.width;
      const y = area.y + random.next() * area.height;
      const r = random.between(0.9, 1.6);
      return (
        circle(x, y, r, { fill: "#dff6ff", opacity: 0.92 }) +
        circle(x + r * 0.2, y + r * 0.3, r * 0.55, { fill: "#7fc4e0", opacity: 0.8 })
      );
    }).join("");
  const puddle =
    ellipse(0, 0.5, 40, 6, { fill: "#8fd0ea", opacity: 0.8 }) +
    ellipse(-6, -0.4, 26, 2.6, { fill: "#e8f9ff", opacity: 0.75 });

  if (random.chance(0.55)) {
    let svg = has("wet") ? puddle : "";
    for (const side of [-1, 1]) {
      svg += path(
        d`M${side * 12} -4 C${side * 24} -24 ${side * 36} -16 ${side * 30} -3 Q${side * 24} 1 ${side * 12} -4 Z`,
        { fill: dark },
      );
      svg += path(d`M${side * 26} -2 l${side * 10} 1 M${side * 26} -2 l${side * 7} 3`, {
        stroke: dark,
        width: 2.6,
      });
    }
    const body = d`M0 -34 C17 -34 25 -22 24 -12 C23 -3 12 -1 0 -1 C-12 -1 -23 -3 -24 -12 C-25 -22 -17 -34 0 -34 Z`;
    for (const side of [-1, 1]) svg += circle(side * 12.4, -32, 7.6, { fill });
    svg += path(body, { fill });
    svg += `<g clip-path="${sketch.clip(body)}">${ellipse(0, -3, 16, 11, { fill: belly })}${has("patterned") ? (striped ? coatStripes(random, { x: -24, y: -34, width: 48, height: 18 }, mark, 8, 3) : spots(random, { x: -23, y: -30, width: 46, height: 22 }, mark, 13, 1.7, 3.2)) : ""}</g>`;
    svg += path(d`M-15.5 -17 Q0 -8.6 15.5 -17`, { stroke: hex(shade(base, -30)), width: 1.5 });
    svg += circle(-2, -24, 0.8, { fill: "#223" }) + circle(2, -24, 0.8, { fill: "#223" });
    for (const side of [-1, 1]) {
      svg += eye(side * 12.6, -33, 5, iris);
      svg += path(d`M${side * 9} -9 Q${side * 15} -5 ${side * 11} -1`, { stroke: dark, width: 4.4 });
      svg += path(
        d`M${side * 11} -1 l${side * 5} 1 M${side * 11} -1 l${side * 1} 2 M${side * 11} -1 l${side * -3.4} 1.6`,
        { stroke: dark, width: 2.2 },
      );
    }
    if (has("wet"))
      svg +=
        wetness([
          [-8, -28.4, 3],
          [7, -29.4, 2],
          [-17, -20, 1.6],
          [24, -13, 1.8],
          [-27, -13, 1.8],
        ]) + droplets({ x: -22, y: -30, width: 44, height: 26 });
    return { svg, width: 68, height: 42, stance: "stand" };
  }

  let svg = has("wet") ? puddle : "";
  svg +=
    path(d`M16 -10 Q22 -4 19 -1`, { stroke: dark, width: 4 }) +
    path(d`M19 -1 l6 0.6 M19 -1 l4 2`, { stroke: dark, width: 2.2 });
  const body = d`M-26 -5 C-27 -16 -10 -27 4 -32 C14 -36 28 -33 31 -24 C32 -18 24 -13 18 -9 C8 -2 -10 0 -20 -1 Q-25 -1 -26 -5 Z`;
  svg += path(body, { fill });
  svg += `<g clip-path="${sketch.clip(body)}">${ellipse(14, -6, 18, 8, { fill: belly })}${has("patterned") ? (striped ? coatStripes(random, { x: -24, y: -32, width: 40, height: 22 }, mark, 8, 3) : spots(random, { x: -22, y: -30, width: 44, height: 22 }, mark, 12, 1.6, 3)) : ""}</g>`;
  const thigh = d`M-24 -3 C-30 -18 -12 -22 -5 -13 C-1 -6 -8 -1 -14 -1 Z`;
  svg += path(thigh, {
    fill: sketch.linear([
      [0, hex(shade(base, 4))],
      [1, hex(shade(base, -22))],
    ]),
  });
  svg += path(d`M-22 -1 L-4 0 M-4 0 l6 -0.6 M-4 0 l5 2`, { stroke: dark, width: 2.8 });
  svg +=
    path(d`M8 -8 Q10 -4 6 -1`, { stroke: hex(shade(base, -6)), width: 4.4 }) +
    path(d`M6 -1 l6 0.6 M6 -1 l3 2`, { stroke: dark, width: 2.2 });
  svg += circle(17, -33, 6.6, { fill }) + eye(18, -34, 4.6, iris);
  svg += path(d`M30.5 -22 Q22 -17.6 13 -20`, { stroke: hex(shade(base, -30)), width: 1.5 });
  if (has("wet"))
    svg +=
      wetness([
        [0, -27.4, 2.6],
        [-12, -19, 2],
        [-18, -13.5, 1.6],
        [24, -29.4, 1.4],
      ]) + droplets({ x: -20, y: -26, width: 44, height: 20 });
  return { svg, width: 64, height: 42, stance: "stand" };
}
