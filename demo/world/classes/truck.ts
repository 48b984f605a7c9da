import { colour, hex, shade } from "../colour.ts";
import { lettering, letteringWidth } from "../lettering.ts";
import { accentColour, glass, matte, metal, paintColour } from "../parts/bodywork.ts";
import { checkers, paintBands, paintStripes } from "../parts/pattern.ts";
import { wheel } from "../parts/wheel.ts";
import type { Drawing, Subject } from "../subject.ts";
import { d, ellipse, line, path, rect } from "../svg.ts";

/** A truck from the side: a cab and a load, boxed or in a round tank. */
export function drawTruck({ random, sketch, facing, has }: Subject): Drawing {
  const load = has("long") ? random.between(56, 68) : random.between(30, 37);
  const loadHeight = has("tall") ? random.between(34, 42) : random.between(17, 22);
  const cab = random.between(19, 24);
  const cabHeight = has("tall") ? random.between(31, 38) : random.between(25, 29);
  const half = (load + cab + 2) / 2;
  const radius = random.between(7.4, 9);
  const floor = radius * 1.35;
  const main = paintColour(random);
  const loadColour = random.chance(0.5) ? main : paintColour(random);
  const accent = accentColour(random, loadColour);
  const surface = (base: typeof main): string =>
    has("metallic") ? metal(sketch, base) : matte(sketch, base);

  // The load.
  const top = -floor - loadHeight;
  const round = has("rectangular") ? 1.2 : loadHeight / 2;
  const box = { x: -half, y: top, width: load, height: loadHeight };
  const loadPath = d`M${-half + round} ${top} h${load - 2 * round} q${round} 0 ${round} ${round} v${loadHeight - 2 * round} q0 ${round} ${-round} ${round} h${-(load - 2 * round)} q${-round} 0 ${-round} ${-round} v${-(loadHeight - 2 * round)} q0 ${-round} ${round} ${-round} Z`;
  let svg = rect(-half + 2, -floor - 1, half * 2 - 4, 4.4, { fill: "#2b3038" }, 1);
  svg += path(loadPath, { fill: surface(loadColour) });
  const clip = sketch.clip(loadPath);
  if (has("patterned")) {
    const fill = hex(accent);
    const kind = random.weighted({ stripes: 1, checkers: 1, bands: 1 });
    const paint =
      kind === "stripes"
        ? paintStripes(box, fill, random.between(4, 6))
        : kind === "checkers"
          ? checkers(box, fill, random.between(5, 7))
          : paintBands(box, fill, 3);
    svg += `<g clip-path="${clip}">${paint}</g>`;
  }
  if (!has("metallic")) {
    for (let y = top + 5; y < -floor - 2; y += 5)
      svg += line(-half + 2, y, -half + load - 2, y, hex(shade(loadColour, -22)), 0.8, 0.5);
  } else {
    svg += rect(-half, top + loadHeight * 0.12, load, loadHeight * 0.07, {
      fill: "#ffffff",
      opacity: 0.45,
      clip,
    });
  }
  svg += rect(-half, -floor - 2.2, load, 2.2, { fill: "#000000", opacity: 0.18, clip });
  if (has("text")) {
    const word = random.pick(
      load > 50 ? ["TITAN", "FRESH", "ZEBRA", "NORTH"] : ["POST", "ICE", "FISH", "LUX"],
    );
    const height = Math.min(loadHeight * 0.46, (load - 10) / (letteringWidth(word, 1) + 0.2));
    const light = has("patterned") ? true : loadColour.lightness > 60;
    if (has("patterned")) {
      const w = letteringWidth(word, height) + height * 0.9;
      svg += rect(
        -half + load / 2 - w / 2,
        top + loadHeight / 2 - height * 0.85,
        w,
        height * 1.7,
        { fill: "#fbf7ec" },
        1.5,
      );
    }
    svg += lettering(
      word,
      -half + load / 2,
      top + loadHeight / 2,
      height,
      light ? "#1d2330" : "#fdfaf0",
      facing,
      0.21,
    );
  }

  // The cab, in front.
  const x0 = half - cab;
  const roof = -floor - cabHeight + 3;
  const cabPath = has("rectangular")
    ? d`M${x0} ${-floor + 3} L${x0} ${roof + 2} Q${x0} ${roof} ${x0 + 2} ${roof} L${half - 7} ${roof} Q${half - 4.5} ${roof} ${half - 3.6} ${roof + 3} L${half - 1} ${roof + cabHeight * 0.48} L${half} ${-floor - 3} L${half} ${-floor + 3} Z`
    : d`M${x0} ${-floor + 3} L${x0} ${roof + 6} Q${x0} ${roof} ${x0 + 7} ${roof} Q${half - 4} ${roof} ${half - 2} ${roof + cabHeight * 0.5} Q${half} ${-floor - 6} ${half} ${-floor + 3} Z`;
  svg += path(cabPath, { fill: surface(main) });
  svg += path(
    d`M${x0 + 4} ${roof + 4} L${half - 7.6} ${roof + 4} L${half - 4} ${roof + cabHeight * 0.46} L${x0 + 4} ${roof + cabHeight * 0.46} Z`,
    { fill: glass(sketch) },
  );
  svg += line(x0 + 3, roof + cabHeight * 0.56, x0 + 3, -floor, hex(shade(main, -22)), 0.7, 0.6);
  svg += line(x0 + 5, roof + cabHeight * 0.62, x0 + 8, roof + cabHeight * 0.62, hex(shade(main, -25)), 1);
  svg += ellipse(half - 1.6, -floor - 2, 1.8, 2.2, { fill: "#ffe9a3" });
  svg += rect(half - 6, -floor + 1.5, 7, 3, { fill: hex(colour(main.hue, 8, 30)) }, 1);

  if (has("wheels")) {
    const positions = [half - cab * 0.52, -half + radius + 3];
    if (load > 45) positions.push(-half + radius * 3 + 5);
    for (const x of positions) svg += wheel(sketch, x, -radius, radius, random.between(0, 3));
  }
  return {
    svg,
    width: half * 2,
    height: Math.max(floor + loadHeight, floor + cabHeight - 3),
    stance: "stand",
    ...(has("wheels") ? {} : { coverHeight: floor + 2 }),
  };
}
