import { hex, shade } from "../colour.ts";
import { lettering, letteringWidth } from "../lettering.ts";
import { accentColour, glass, matte, metal, paintColour } from "../parts/bodywork.ts";
import { checkers, paintStripes } from "../parts/pattern.ts";
import { wheel } from "../parts/wheel.ts";
import type { Drawing, Subject } from "../subject.ts";
import { circle, d, ellipse, line, path, rect } from "../svg.ts";

/** A car from the side: boxy or round, short or long, with doors, lights and glass. */
export function drawCar({ random, sketch, facing, has }: Subject): Drawing {
  const half = has("long") ? random.between(47, 52) : random.between(33, 38);
  const roof = random.between(32, 40);
  const belt = roof * 0.58;
  const radius = random.between(8, 9.6);
  const main = paintColour(random);
  const accent = accentColour(random, main);
  const body = has("metallic") ? metal(sketch, main) : matte(sketch, main);
  const back = has("rectangular") ? random.pick([0.93, 0.86, 0.74]) : 0.62;
  const front = has("long") ? random.between(0.4, 0.5) : random.between(0.28, 0.42);

  const silhouette = has("rectangular")
    ? d`M${-half} -8 L${-half} ${-belt + 3} Q${-half} ${-belt} ${-half * back} ${-belt} L${-half * back + 4} ${-roof + 2} Q${-half * back + 5} ${-roof} ${-half * back + 8} ${-roof} L${half * front - 7} ${-roof} Q${half * front - 3} ${-roof} ${half * front - 1} ${-roof + 3} L${half * front + 9} ${-belt - 1} L${half - 7} ${-belt + 1} Q${half} ${-belt + 2} ${half} ${-belt + 8} L${half} -8 Q${half} -5 ${half - 3} -5 L${-half + 3} -5 Q${-half} -5 ${-half} -8 Z`
    : d`M${-half} -8 C${-half} ${-belt + 1} ${-half * 0.85} ${-belt - 2} ${-half * 0.66} ${-belt - 5} C${-half * 0.45} ${-roof - 4} ${half * 0.22} ${-roof - 4} ${half * 0.42} ${-belt - 2} C${half * 0.82} ${-belt - 1} ${half} ${-belt + 6} ${half} -8 Q${half} -5 ${half - 3} -5 L${-half + 3} -5 Q${-half} -5 ${-half} -8 Z`;
  const clip = sketch.clip(silhouette);
  let svg = path(silhouette, { fill: body });
  const box = { x: -half, y: -roof, width: half * 2, height: roof };

  if (has("patterned")) {
    const fill = hex(accent);
    const paint = random.chance(0.5)
      ? checkers({ x: -half, y: -belt + 1, width: half * 2, height: 9 }, fill, 4.5)
      : paintStripes(
          { ...box, y: -belt, height: belt - 4 },
          fill,
          random.between(4, 6),
          random.between(0.3, 0.8),
        );
    svg += `<g clip-path="${clip}">${paint}</g>`;
  }

  const pane = glass(sketch);
  if (has("rectangular")) {
    const left = -half * back + 6;
    const right = half * front - 3;
    const mid = left + (right - left) * 0.5;
    svg += path(
      d`M${left + 1} ${-belt - 1.5} L${left + 2.6} ${-roof + 3} L${mid - 1.2} ${-roof + 3} L${mid - 1.2} ${-belt - 1.5} Z`,
      { fill: pane },
    );
    svg += path(
      d`M${mid + 1.2} ${-belt - 1.5} L${mid + 1.2} ${-roof + 3} L${right} ${-roof + 3} L${right + 7.4} ${-belt - 1.5} Z`,
      { fill: pane },
    );
    svg += line(mid, -belt, mid, -8, hex(shade(main, -24)), 0.7, 0.6);
  } else {
    svg += path(
      d`M${-half * 0.5} ${-belt - 3} C${-half * 0.36} ${-roof} ${-half * 0.2} ${-roof} ${-half * 0.08} ${-roof} L${-half * 0.08} ${-belt - 3} Z`,
      { fill: pane },
    );
    svg += path(
      d`M${half * 0.01} ${-belt - 3} L${half * 0.01} ${-roof} C${half * 0.16} ${-roof} ${half * 0.24} ${-belt - 9} ${half * 0.3} ${-belt - 3} Z`,
      { fill: pane },
    );
  }

  svg += rect(-half, -8.5, half * 2, 3.5, { fill: "#23272e", opacity: 0.75 }, 1.5);
  svg += ellipse(half - 2.6, -belt + 6, 2.6, 2.8, {
    fill: sketch.radial([
      [0, "#fffbe0"],
      [1, "#ffd166"],
    ]),
  });
  svg += rect(-half + 0.3, -belt + 4, 3, 5, { fill: "#d62839" }, 1);
  svg += line(-half * 0.12, -belt + 4.5, -half * 0.12 + 3.6, -belt + 4.5, hex(shade(main, -26)), 1);
  if (has("metallic")) svg += line(-half + 4, -belt + 2, half - 8, -belt + 2.6, "#ffffff", 1, 0.75);

  if (has("text")) {
    const word = random.pick(["TAXI", "SOS", "VIP", "RACE"]);
    const plate = hex(shade(main, main.lightness > 60 ? -50 : 48));
    const room = half * 1.3 - radius * 2 - 6;
    const size = Math.min(7.4, room / letteringWidth(word, 1));
    svg += rect(-room / 2 - 1.6, -belt + 6.8 - size * 0.78, room + 3.2, size * 1.56, { fill: plate }, 1.5);
    svg += lettering(word, 0, -belt + 6.8, size, main.lightness > 60 ? "#ffffff" : "#1a1c22", facing, 0.22);
  }
  if (has("wheels")) {
    for (const x of [-half * 0.65, half * 0.65]) {
      svg += circle(x, -radius + 0.5, radius + 1.8, { fill: "#14161a", opacity: 0.85, clip });
      svg += wheel(sketch, x, -radius + 0.5, radius, random.between(0, 3));
    }
  }
  return {
    svg,
    width: half * 2,
    height: roof,
    stance: "stand",
    ...(has("wheels") ? {} : { coverHeight: 11.5 }),
  };
}
