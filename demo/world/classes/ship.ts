import { colour, hex, shade } from "../colour.ts";
import { lettering } from "../lettering.ts";
import { accentColour, glass, matte, metal, paintColour } from "../parts/bodywork.ts";
import { checkers, paintBands, paintStripes } from "../parts/pattern.ts";
import type { Drawing, Subject } from "../subject.ts";
import { circle, d, ellipse, line, path, polygon, rect } from "../svg.ts";

/** A ship: a steamer or freighter with cabins and boxes, or a sailing boat; afloat or hauled out. */
export function drawShip({ random, sketch, facing, has }: Subject): Drawing {
  const half = has("long") ? random.between(40, 47) : random.between(22, 27);
  const deck = random.between(15, 19);
  const main = has("metallic")
    ? paintColour(random)
    : colour(random.between(22, 34), 45, random.between(32, 44));
  const accent = accentColour(random, main);
  const lift = has("wet") ? -5 : 4;
  const hull = d`M${-half} ${-deck} Q0 ${-deck + 2.5} ${half + 4} ${-deck - 5} Q${half - 3} ${-deck * 0.4} ${half - 10} 0 L${-half + 8} 0 Q${-half + 1} ${-deck * 0.4} ${-half} ${-deck} Z`;
  const clip = sketch.clip(hull);
  let svg = "";
  let height = deck + 5;

  if (has("rectangular")) {
    const levels = has("tall") ? random.integer(2, 3) : 1;
    const white = colour(random.pick([40, 210]), 22, 92);
    const wall = has("metallic") ? metal(sketch, shade(white, -8)) : matte(sketch, white);
    let width = half * random.between(0.62, 0.8);
    const left = -half + 6;
    let y = -deck + 3;
    const funnelX = left + width * 0.35;
    if (has("tall")) {
      const fh = levels * 8 + random.between(12, 16);
      svg += rect(
        funnelX - 4.5,
        -deck - fh,
        9,
        fh,
        { fill: has("metallic") ? metal(sketch, accent) : matte(sketch, accent) },
        0.8,
      );
      svg += rect(funnelX - 4.5, -deck - fh, 9, 3, { fill: "#22262d" }, 0.8);
      if (random.chance(0.4)) {
        for (let i = 0; i < 4; i += 1)
          svg += circle(funnelX - 5 - i * 6, -deck - fh - 3 - i * 2.4, 3 + i * 1.3, {
            fill: "#f2f2f4",
            opacity: 0.5 - i * 0.09,
          });
      }
      height = deck + fh + 3;
    }
    for (let i = 0; i < levels; i += 1) {
      const h = 9.4;
      svg += rect(left + i * 3, y - h, width, h, { fill: wall }, 0.8);
      for (let x = left + i * 3 + 2.4; x < left + i * 3 + width - 4; x += 5.6)
        svg += rect(x, y - h + 2.6, 3.6, 3.6, { fill: glass(sketch) }, 0.5);
      svg += rect(left + i * 3, y - 1.4, width, 1.4, { fill: "#3a4658", opacity: 0.35 });
      y -= h;
      width -= 7;
    }
    const boxes = has("long") ? 3 : 1;
    for (let column = 0; column < boxes; column += 1) {
      const stack = has("tall") ? random.integer(1, 3) : 1;
      for (let row = 0; row < stack; row += 1) {
        const fill = has("metallic")
          ? metal(sketch, paintColour(random))
          : matte(sketch, paintColour(random));
        svg += rect(half - 12 - (boxes - column) * 9.6, -deck + 2 - (row + 1) * 6.6, 9, 6.2, { fill }, 0.4);
      }
    }
    if (has("tall")) {
      svg +=
        line(half - 9, -deck - 2, half - 9, -height + 4, "#4a4f58", 1.3) +
        line(half - 9, -height + 8, half - 24, -deck - 4, "#4a4f58", 0.7);
    }
  } else {
    const mast = has("tall") ? random.between(46, 54) : random.between(17, 20);
    const sail = colour(random.pick([42, 8, 205]), random.between(25, 60), random.between(82, 92));
    const sailFill = sketch.linear(
      [
        [0, hex(shade(sail, 6))],
        [1, hex(shade(sail, -14))],
      ],
      0,
      0,
      1,
      0.4,
    );
    svg += line(-2, -deck, -2, -deck - mast, "#5b3d26", 2);
    svg += path(
      d`M-4 ${-deck - mast + 2} Q${-half * 0.78} ${-deck - mast * 0.35} ${-half * 0.8} ${-deck - 4} L-4 ${-deck - 4} Z`,
      { fill: sailFill },
    );
    svg += path(
      d`M1 ${-deck - mast + 4} Q${half * 0.4} ${-deck - mast * 0.4} ${half * 0.82} ${-deck - 6} L1 ${-deck - 5} Z`,
      { fill: sailFill },
    );
    svg += polygon(
      [
        [-2, -deck - mast - 3],
        [-2, -deck - mast + 2],
        [-10, -deck - mast - 0.5],
      ],
      { fill: hex(accent) },
    );
    height = deck + mast + 4;
  }

  svg += path(hull, { fill: has("metallic") ? metal(sketch, main) : matte(sketch, main) });
  if (!has("metallic")) {
    for (const y of [-deck * 0.72, -deck * 0.48, -deck * 0.24])
      svg += `<g clip-path="${clip}">${line(-half, y, half + 4, y, "#3a2413", 0.8, 0.6)}</g>`;
  }
  if (has("patterned")) {
    const box = { x: -half, y: -deck - 5, width: half * 2 + 5, height: deck + 5 };
    const kind = random.weighted({ stripes: 1, checkers: 1, bands: 1 });
    const fill = hex(accent);
    svg += `<g clip-path="${clip}">${kind === "stripes" ? paintStripes(box, fill, 4.4) : kind === "checkers" ? checkers(box, fill, 5) : paintBands(box, fill, 2)}</g>`;
  } else {
    svg += `<g clip-path="${clip}">${rect(-half, -3.4, half * 2, 3.4, { fill: "#8c2f2b" })}</g>`;
  }
  svg += path(d`M${-half} ${-deck} Q0 ${-deck + 2.5} ${half + 4} ${-deck - 5}`, {
    stroke: hex(shade(main, 32)),
    width: 1.4,
  });
  if (has("text")) {
    const word = has("long")
      ? random.pick(["NORTH", "AURORA", "ATLAS", "HALO"])
      : random.pick(["SEA", "LUX"]);
    if (has("patterned"))
      svg += rect(-word.length * 3.9, -deck * 0.5 - 5.4, word.length * 7.8, 10.4, { fill: "#fbf6e6" }, 1.5);
    svg += lettering(
      word,
      0,
      -deck * 0.5,
      7,
      has("patterned") || main.lightness > 60 ? "#1c2433" : "#fffdf2",
      facing,
      0.2,
    );
  } else {
    for (let x = -half * 0.6; x < half * 0.7; x += 9)
      svg +=
        circle(x, -deck * 0.55, 1.4, { fill: "#1e2c3b" }) + circle(x, -deck * 0.55, 0.8, { fill: "#b8d8ea" });
  }

  if (has("wet")) {
    const foam = sketch.linear([
      [0, "#ffffff", 0.95],
      [1, "#d4ecf5", 0.2],
    ]);
    svg += path(
      d`M${half - 14} 1 Q${half - 4} -9 ${half + 2} -7 Q${half + 1} -2 ${half + 12} 1 Q${half} 4 ${half - 14} 3 Z`,
      { fill: foam },
    );
    let wave = d`M${-half - 8} 2.5 `;
    for (let x = -half - 8; x < half + 8; x += 8) wave += d`q4 ${-4.6} 8 0 `;
    svg += path(`${wave} l0 4 L${String(Math.round(-half - 8))} 7 Z`, { fill: "#e9f7fb", opacity: 0.85 });
    for (let i = 0; i < 7; i += 1)
      svg += circle(
        random.between(-half * 0.9, half * 0.85),
        random.between(-deck * 0.85, -4),
        random.between(0.7, 1.2),
        { fill: "#f4fdff", opacity: 0.9 },
      );
  } else {
    for (const x of [-half * 0.55, half * 0.45]) {
      svg =
        polygon(
          [
            [x - 7, 9],
            [x - 3, -5],
            [x + 3, -5],
            [x + 7, 9],
          ],
          { fill: "#6b4a30" },
        ) + svg;
    }
    svg = ellipse(0, 9.5, half * 0.95, 2.6, { fill: "#000000", opacity: 0.22 }) + svg;
    svg = `<g transform="translate(0 -9)">${svg}</g>`;
  }
  return { svg, width: half * 2 + 6, height: height - lift, stance: has("wet") ? "float" : "stand" };
}
