import { colour, hex, shade } from "../colour.ts";
import { lettering } from "../lettering.ts";
import { accentColour, glass, matte, metal, paintColour } from "../parts/bodywork.ts";
import { paintStripes } from "../parts/pattern.ts";
import { wheel } from "../parts/wheel.ts";
import type { Drawing, Subject } from "../subject.ts";
import { circle, d, line, path, polygon, rect } from "../svg.ts";

/** An aeroplane, banked so that both wings show, with fin, engines and perhaps its landing gear. */
export function drawPlane({ random, sketch, facing, has }: Subject): Drawing {
  const half = has("long") ? random.between(42, 48) : random.between(26, 30);
  const h = has("long") ? random.between(15, 18) : random.between(18, 21);
  const pale = random.chance(0.6);
  const main = pale ? colour(210, 16, random.between(76, 90)) : paintColour(random);
  const accent = pale ? paintColour(random) : accentColour(random, main);
  const surface = (base: typeof main): string =>
    has("metallic") ? metal(sketch, base) : matte(sketch, base);
  const fin = has("tall") ? random.between(23, 29) : random.between(8, 11);
  const sweep = random.between(0.18, 0.42);
  const wing = random.between(24, 32);
  const body = has("rectangular")
    ? d`M${-half} ${-h * 0.5} L${half - 11} ${-h * 0.5} L${half - 2} ${-h * 0.08} L${half} ${h * 0.5} L${-half * 0.62} ${h * 0.5} L${-half} ${-h * 0.1} Z`
    : d`M${-half} ${-h * 0.42} Q${-half * 0.6} ${-h * 0.5} ${-half * 0.4} ${-h * 0.5} L${half - 15} ${-h * 0.5} C${half - 5} ${-h * 0.5} ${half} ${-h * 0.1} ${half} ${h * 0.08} C${half} ${h * 0.38} ${half - 8} ${h * 0.5} ${half - 16} ${h * 0.5} L${-half * 0.4} ${h * 0.5} Q${-half * 0.8} ${h * 0.3} ${-half} ${-h * 0.42} Z`;
  const clip = sketch.clip(body);
  let svg = "";
  if (has("wings")) {
    svg += polygon(
      [
        [half * 0.22, -h * 0.3],
        [-half * 0.16, -h * 0.3],
        [-half * sweep - 8, -h * 0.5 - wing * 0.62],
        [-half * sweep + 1, -h * 0.5 - wing * 0.62],
      ],
      { fill: hex(shade(main, -22)) },
    );
  }
  const finPath = d`M${-half + 1} ${-h * 0.36} L${-half - 4} ${-h * 0.4 - fin} L${-half + 6} ${-h * 0.4 - fin} L${-half + 20} ${-h * 0.42} Z`;
  svg += path(finPath, { fill: has("metallic") ? metal(sketch, accent) : matte(sketch, accent) });
  if (has("patterned")) {
    svg += `<g clip-path="${sketch.clip(finPath)}">${paintStripes({ x: -half - 6, y: -h * 0.4 - fin, width: 30, height: fin }, hex(shade(main, main.lightness > 60 ? 8 : 20)), 3.2, 0.4)}</g>`;
  }
  if (has("wheels")) {
    for (const x of [half * 0.62, -half * 0.1, -half * 0.1 - 10]) {
      svg += line(x, h * 0.3, x, h * 0.5 + 6, "#545c66", 1.8) + wheel(sketch, x, h * 0.5 + 8, 4.9, 0);
    }
  }
  svg += path(body, { fill: surface(main) });
  svg += `<g clip-path="${clip}">${rect(-half, h * 0.16, half * 2, h * 0.4, { fill: hex(accent), opacity: has("patterned") ? 0 : 0.9 })}</g>`;
  if (has("patterned")) {
    svg += `<g clip-path="${clip}">${paintStripes({ x: -half, y: -h * 0.5, width: half * 0.85, height: h }, hex(accent), random.between(3.2, 5), 0.5)}${rect(-half, h * 0.22, half * 2, h * 0.12, { fill: hex(accent) })}</g>`;
  }
  const pane = glass(sketch);
  svg += path(
    d`M${half - 14} ${-h * 0.4} L${half - 8.5} ${-h * 0.4} L${half - 3.6} ${-h * 0.06} L${half - 13} ${-h * 0.06} Z`,
    { fill: pane },
  );
  if (has("text")) {
    const word = random.pick(has("long") ? ["ARIEL", "NORTH", "ORION"] : ["AIR", "FLX"]);
    const size = h * 0.42;
    svg += rect(
      -half * 0.1 - 2,
      -h * 0.42,
      half * 0.72,
      h * 0.6,
      { fill: hex(shade(main, main.lightness > 50 ? 12 : -12)) },
      1.5,
    );
    svg += lettering(
      word,
      half * 0.25,
      -h * 0.12,
      Math.min(size, (half * 0.64) / word.length),
      main.lightness > 50 ? hex(colour(accent.hue, 60, 26)) : "#ffffff",
      facing,
      0.22,
    );
  } else {
    const step = has("rectangular") ? 7 : 5;
    for (let x = -half * 0.55; x < half - 18; x += step) {
      svg += has("rectangular")
        ? rect(x, -h * 0.28, 4.6, 4.6, { fill: pane })
        : circle(x, -h * 0.14, 1.5, { fill: "#31475c" });
    }
  }
  if (has("tail")) {
    const plane = hex(shade(accent, -8));
    svg += polygon(
      [
        [-half + 17, -h * 0.2],
        [-half + 5, -h * 0.2],
        [-half - 10, h * 0.62],
        [-half, h * 0.62],
      ],
      { fill: plane },
    );
    svg += polygon(
      [
        [-half + 12, -h * 0.2],
        [-half + 8, -h * 0.2],
        [-half - 7, h * 0.62],
        [-half - 3.6, h * 0.62],
      ],
      { fill: "#fff6e0" },
    );
  }
  if (has("wings")) {
    const near = sketch.linear(
      [
        [0, hex(shade(main, has("metallic") ? 14 : -4))],
        [0.5, hex(shade(main, -12))],
        [1, hex(shade(main, -20))],
      ],
      1,
      0,
      0,
      1,
    );
    svg += rect(
      -half * 0.02,
      h * 0.5 + 2,
      15,
      6.6,
      { fill: has("metallic") ? metal(sketch, colour(212, 10, 55)) : matte(sketch, accent) },
      3.3,
    );
    svg += polygon(
      [
        [half * 0.3, h * 0.12],
        [-half * 0.2, h * 0.16],
        [-half * sweep - 15, h * 0.4 + wing],
        [-half * sweep - 3, h * 0.4 + wing],
      ],
      { fill: near },
    );
    svg += line(half * 0.3, h * 0.12, -half * sweep - 3, h * 0.4 + wing, "#ffffff", 0.9, 0.7);
  }
  return { svg, width: half * 2 + 8, height: (fin + h) * 1.25, stance: "fly" };
}
