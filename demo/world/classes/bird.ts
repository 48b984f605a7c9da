import { colour, hex, shade } from "../colour.ts";
import { hairs, tufts } from "../parts/coat.ts";
import { eye } from "../parts/eye.ts";
import { paintBands, spots } from "../parts/pattern.ts";
import type { Drawing, Subject } from "../subject.ts";
import { d, ellipse, line, path, polygon } from "../svg.ts";

/** A bird, perched or in flight; a downy one is hairy. */
export function drawBird({ random, sketch, has }: Subject): Drawing {
  const base = random.pick([
    colour(205, 64, 46),
    colour(8, 66, 48),
    colour(44, 84, 56),
    colour(28, 34, 40),
    colour(160, 42, 38),
    colour(220, 10, 30),
    colour(40, 14, 84),
    colour(268, 34, 46),
  ]);
  const second = random.pick([
    colour(36, 62, 82),
    colour(40, 20, 94),
    colour(18, 70, 58),
    colour(base.hue + 30, 50, 70),
  ]);
  const fill = sketch.linear([
    [0, hex(shade(base, 12))],
    [0.5, hex(base)],
    [1, hex(shade(base, -14))],
  ]);
  const breast = hex(second);
  const wingFill = sketch.linear(
    [
      [0, hex(shade(base, -4))],
      [1, hex(shade(base, -22))],
    ],
    0,
    0,
    1,
    1,
  );
  const beak = hex(
    random.pick([colour(40, 92, 54), colour(22, 88, 52), colour(220, 8, 24), colour(48, 40, 72)]),
  );
  const mark = hex(base.lightness > 50 ? shade(base, -34) : colour(42, 50, 86));
  const longBeak = random.chance(0.3);
  const flying = has("wings") && random.chance(0.38);

  const head = (x: number, y: number, r: number): string => {
    let svg = "";
    if (has("beak")) {
      const l = longBeak ? r * 1.7 : r * 1.05;
      svg += polygon(
        [
          [x + r * 0.66, y - r * 0.42],
          [x + r * 0.9 + l, y + r * 0.12],
          [x + r * 0.6, y + r * 0.5],
        ],
        { fill: beak },
      );
      svg += line(x + r * 0.8, y + r * 0.08, x + r * 0.8 + l * 0.86, y + r * 0.14, "#5a3410", 0.7, 0.7);
    }
    svg += ellipse(x, y, r, r * 0.96, { fill });
    if (has("hairy"))
      svg += tufts(x - r * 0.9, y - r * 0.5, x + r * 0.3, y - r * 0.95, -2.2, -3.4, 4, hex(shade(base, 4)));
    if (has("patterned"))
      svg += path(
        d`M${x + r * 0.9} ${y - r * 0.1} Q${x} ${y - r * 0.75} ${x - r * 0.9} ${y + r * 0.1} L${x - r * 0.85} ${y + r * 0.4} Q${x} ${y - r * 0.3} ${x + r * 0.86} ${y + r * 0.2} Z`,
        { fill: mark },
      );
    return svg + eye(x + r * 0.34, y - r * 0.2, r * 0.27, null);
  };

  if (flying) {
    const span = random.between(30, 38);
    const up = random.chance(0.65) ? -1 : 0.75;
    let svg = "";
    if (has("tail"))
      svg +=
        polygon(
          [
            [-17, -2],
            [-36, -8],
            [-33, -1],
            [-37, 6],
            [-17, 4],
          ],
          { fill: wingFill },
        ) +
        line(-20, 0, -34, -4, mark, 0.9) +
        line(-20, 1.6, -34, 3, mark, 0.9);
    const far = d`M6 -4 Q${2} ${up * span * 0.7} ${10} ${up * span} Q${16} ${up * span * 0.5} ${13} -2 Z`;
    svg += path(far, { fill: hex(shade(base, -20)) });
    const body = d`M-22 0 C-16 -8 4 -11 14 -7 C18 -2 12 7 0 8 C-10 8 -18 4 -22 0 Z`;
    svg += path(body, { fill });
    const clip = sketch.clip(body);
    svg += `<g clip-path="${clip}">${ellipse(0, 8, 16, 7, { fill: breast })}${has("patterned") ? spots(random, { x: -14, y: -4, width: 26, height: 10 }, mark, 8, 0.8, 1.4) : ""}${has("hairy") ? hairs(random, { x: -20, y: -8, width: 36, height: 14 }, base, 26, 4) : ""}</g>`;
    svg += head(17, -6, 7.4);
    const near = d`M8 -3 Q${-4} ${up * span * 0.4} ${-14} ${up * span} Q${-22} ${up * span * 0.72} ${-21} ${up * span * 0.56} Q${-24} ${up * span * 0.44} ${-19} ${up * span * 0.32} Q${-20} ${up * span * 0.2} ${-12} 0 Q${-2} 4 8 -3 Z`;
    svg += path(near, { fill: wingFill });
    if (has("patterned"))
      svg += `<g clip-path="${sketch.clip(near)}">${path(d`M-26 ${up * span * 0.62} L4 ${up * span * 0.34} M-26 ${up * span * 0.34} L6 ${up * span * 0.12}`, { stroke: mark, width: 2.4 })}</g>`;
    for (const t of [0.35, 0.6, 0.82])
      svg += line(-20 + t * 3, up * span * t * 0.8, -4, up * span * t * 0.5, hex(shade(base, -30)), 0.8, 0.6);
    if (has("hairy")) svg += tufts(-12, 6, 8, 7, -1.4, 3.4, 6, breast);
    return { svg, width: has("tail") ? 74 : 62, height: span * 1.7, stance: "fly" };
  }

  let svg = "";
  if (has("tail")) {
    svg += polygon(
      [
        [-14, -18],
        [-38, -8],
        [-36, -3.4],
        [-33, -1.6],
        [-10, -10],
      ],
      { fill: wingFill },
    );
    svg += line(-16, -15, -35, -6, mark, 1) + line(-15, -13, -33, -3, mark, 1);
  }
  for (const x of [-1, 5])
    svg += path(d`M${x} -10 L${x + 1} -1 M${x + 1} -1 l4 0.8 M${x + 1} -1 l-3 1`, {
      stroke: "#8a5a2b",
      width: 1.7,
    });
  const body = d`M-19 -15 C-17 -30 0 -38 12 -34 C22 -28 20 -10 6 -7 C-4 -5 -14 -8 -19 -15 Z`;
  if (has("hairy"))
    svg +=
      tufts(-15, -10, 10, -7.6, -1, 4.4, 7, hex(shade(second, -6))) +
      tufts(18, -26, 15, -10, 4, 1, 5, hex(shade(second, -6)));
  svg += path(body, { fill });
  svg += `<g clip-path="${sketch.clip(body)}">${ellipse(12, -15, 12, 15, { fill: breast })}${has("patterned") ? spots(random, { x: 2, y: -27, width: 17, height: 17 }, mark, 9, 0.9, 1.5) : ""}${has("hairy") ? hairs(random, { x: -17, y: -34, width: 36, height: 26 }, base, 34, 5) : ""}</g>`;
  svg += head(10, -38, 9.6);
  if (has("wings")) {
    const wing = d`M7 -27 C-4 -33 -18 -22 -25 -11 C-15 -8 2 -9 7 -18 Z`;
    svg += path(wing, { fill: wingFill });
    svg += `<g clip-path="${sketch.clip(wing)}">${has("patterned") ? paintBands({ x: -26, y: -28, width: 34, height: 20 }, mark, 2) : ""}</g>`;
    svg += path(d`M-23 -11.4 Q-8 -14 4 -16 M-20 -14.6 Q-8 -19 4 -20`, {
      stroke: hex(shade(base, -32)),
      width: 0.9,
      opacity: 0.8,
    });
    svg += path(d`M7 -27 C-4 -33 -18 -22 -25 -11`, {
      stroke: hex(shade(base, 16)),
      width: 0.9,
      opacity: 0.8,
    });
  }
  return { svg, width: has("tail") ? 62 : 52, height: 49, stance: "stand" };
}
