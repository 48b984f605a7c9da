import { colour, hex } from "../colour.ts";
import type { Light } from "../light.ts";
import type { Random } from "../random.ts";
import { circle, d, ellipse, line, path, polygon, rect, type Sketch } from "../svg.ts";
import { driftCover, grassCover, wallCover, waterCover } from "./covers.ts";
import { firs, hills, leafyTrees, peaks, skyline } from "./far-off.ts";
import type { Place, PlaceName } from "./place.ts";
import { cloud, skyAbove } from "./sky.ts";

type Draw = (sketch: Sketch, random: Random, light: Light, afloat: boolean) => Place;

const ground = (sketch: Sketch, y: number, top: string, low: string): string =>
  rect(-1, y, 102, 101 - y, {
    fill: sketch.linear([
      [0, top],
      [1, low],
    ]),
  });

const meadowHue = (random: Random): number => random.pick([88, 100, 74, 112]) + random.between(-6, 6);

const sky: Draw = (sketch, random, light) => {
  let svg = skyAbove(sketch, random, light, 100, random.integer(2, 4));
  if (random.chance(0.4))
    for (let i = 0; i < 3; i += 1)
      svg += cloud(
        sketch,
        random,
        i * 42 + random.between(-8, 8),
        99,
        32,
        light.name === "moonlit" ? 0.2 : 0.9,
      );
  return { svg, horizon: 100, cover: (y) => cloud(sketch, random, 50, y + 10, 60, 1) };
};

const grass: Draw = (sketch, random, light) => {
  const y = random.between(42, 62);
  const hue = meadowHue(random);
  let svg = skyAbove(sketch, random, light, y, random.integer(1, 3));
  svg +=
    hills(random, y, random.between(6, 12), hex(colour(hue + 40, 24, 58))) +
    hills(random, y + 1, random.between(2, 6), hex(colour(hue + 12, 34, 46)));
  if (random.chance(0.6))
    svg += leafyTrees(random, y + 1, random.between(7, 13), hue + 8, 33, random.integer(4, 8));
  svg += ground(sketch, y, hex(colour(hue, 48, 55)), hex(colour(hue, 52, 33)));
  for (let i = 0; i < 12; i += 1) {
    const gy = random.between(y + 4, 99);
    const x = random.between(0, 100);
    const s = 1 + (gy - y) * 0.05;
    svg += path(
      d`M${x} ${gy} l${-0.8 * s} ${-1.8 * s} M${x} ${gy} l0 ${-2.4 * s} M${x} ${gy} l${0.9 * s} ${-1.7 * s}`,
      { stroke: hex(colour(hue, 52, random.between(26, 66))), width: 0.7, opacity: 0.8 },
    );
  }
  if (random.chance(0.4))
    for (let i = 0; i < 9; i += 1)
      svg += circle(random.between(0, 100), random.between(y + 6, 98), 0.9, {
        fill: random.pick(["#fff3c4", "#ffd0dc", "#ffffff", "#f7c948"]),
      });
  return { svg, horizon: y, cover: (top) => grassCover(sketch, random, top, hue) };
};

const water: Draw = (sketch, random, light, afloat) => {
  const y = random.between(36, 56);
  const hue = random.between(188, 214);
  const night = light.name === "moonlit" ? -22 : light.name === "dusk" ? -8 : 0;
  const top = hex(colour(hue, 52, 62 + night));
  const low = hex(colour(hue + 8, 62, 32 + night * 0.6));
  let svg = skyAbove(sketch, random, light, y, random.integer(1, 3));
  if (random.chance(0.55)) svg += hills(random, y, random.between(4, 10), hex(colour(hue, 20, 52 + night)));
  svg += ground(sketch, y, top, low);
  for (let i = 0; i < 16; i += 1) {
    const wy = y + 1.5 + (100 - y) * random.next() ** 1.4;
    svg += ellipse(
      random.between(0, 100),
      wy,
      3 + (wy - y) * random.between(0.1, 0.26),
      0.5 + (wy - y) * 0.008,
      { fill: random.chance(0.65) ? "#ffffff" : low, opacity: random.between(0.22, 0.55) },
    );
  }
  if (!afloat) {
    const bank = random.between(70, 76);
    const sand = random.chance(0.5);
    svg += path(d`M-2 ${bank + 2} Q30 ${bank - 3} 60 ${bank + 1} T102 ${bank - 1} L102 102 L-2 102 Z`, {
      fill: sketch.linear(
        sand
          ? [
              [0, "#efdcae"],
              [1, "#c39a62"],
            ]
          : [
              [0, "#8db565"],
              [1, "#4c7a3c"],
            ],
      ),
    });
    svg += path(d`M-2 ${bank + 2} Q30 ${bank - 3} 60 ${bank + 1} T102 ${bank - 1}`, {
      stroke: "#ffffff",
      width: 1.1,
      opacity: 0.65,
    });
  }
  return { svg, horizon: y, cover: (at) => waterCover(sketch, random, at, top, low) };
};

const road: Draw = (sketch, random, light) => {
  const y = random.between(46, 62);
  const hue = meadowHue(random);
  let svg = skyAbove(sketch, random, light, y, random.integer(1, 3));
  svg += hills(random, y, random.between(5, 11), hex(colour(hue + 30, 22, 56)));
  if (random.chance(0.55))
    svg += leafyTrees(random, y + 1, random.between(8, 14), hue + 6, 34, random.integer(3, 7));
  svg += ground(sketch, y, hex(colour(hue, 40, 52)), hex(colour(hue, 42, 36)));
  const top = y + (100 - y) * 0.3;
  svg += rect(-1, top, 102, 102 - top, {
    fill: sketch.linear([
      [0, "#7d828c"],
      [1, "#494d57"],
    ]),
  });
  svg += rect(-1, top, 102, 1, { fill: "#eceae0", opacity: 0.8 });
  const middle = 96;
  for (let x = random.between(-14, 0); x < 100; x += 24)
    svg += polygon(
      [
        [x, middle],
        [x + 13, middle],
        [x + 12, middle + 2],
        [x - 2, middle + 2],
      ],
      { fill: "#f4e9b8", opacity: 0.9 },
    );
  return {
    svg,
    horizon: y,
    cover: (at) => (random.chance(0.5) ? wallCover(sketch, random, at) : grassCover(sketch, random, at, hue)),
  };
};

const snow: Draw = (sketch, random, light) => {
  const y = random.between(42, 60);
  const night = light.name === "moonlit" ? -14 : 0;
  let svg = skyAbove(sketch, random, light, y, random.integer(1, 3));
  svg += hills(random, y, random.between(6, 14), hex(colour(214, 34, 80 + night)));
  if (random.chance(0.75))
    svg += firs(random, y + 1.5, random.between(9, 18), hex(colour(168, 26, 34)), random.integer(5, 10));
  svg += ground(sketch, y, hex(colour(210, 46, 95 + night)), hex(colour(216, 40, 80 + night)));
  for (let i = 0; i < 4; i += 1)
    svg += ellipse(random.between(0, 100), random.between(y + 6, 96), random.between(14, 28), 1.8, {
      fill: "#a9c2e2",
      opacity: 0.35,
    });
  if (random.chance(0.45))
    for (let i = 0; i < 26; i += 1)
      svg += circle(random.between(0, 100), random.between(0, 96), random.between(0.4, 1), {
        fill: "#ffffff",
        opacity: 0.85,
      });
  return {
    svg,
    horizon: y,
    cover: (at) => driftCover(sketch, random, at, "#fbfdff", hex(colour(214, 42, 82 + night))),
  };
};

const forest: Draw = (sketch, random, light) => {
  const y = random.between(54, 66);
  const hue = random.pick([96, 118, 140, 60, 34]);
  const night = light.name === "moonlit" ? -12 : light.name === "overcast" ? -4 : 0;
  let svg = rect(0, 0, 100, 100, {
    fill: sketch.linear([
      [0, hex(colour(hue, 32, 44 + night))],
      [0.6, hex(colour(hue - 12, 38, 66 + night))],
    ]),
  });
  svg += leafyTrees(random, y, 30, hue, 48 + night, 6);
  for (let layer = 0; layer < 2; layer += 1) {
    for (let i = 0; i < 5 - layer; i += 1) {
      const x = random.between(-4, 104);
      const w = 2.6 + layer * 2.6 + random.between(0, 1.6);
      const tone = colour(random.between(18, 34), 24, (layer === 0 ? 40 : 27) + night * 0.5);
      svg += polygon(
        [
          [x - w * 0.42, -2],
          [x + w * 0.42, -2],
          [x + w * 0.7, y + 3 + layer * 3],
          [x - w * 0.7, y + 3 + layer * 3],
        ],
        {
          fill: sketch.linear(
            [
              [0, hex(colour(tone.hue, 26, tone.lightness + 9))],
              [1, hex(tone)],
            ],
            0,
            0,
            1,
            0,
          ),
        },
      );
    }
  }
  for (let i = 0; i < 9; i += 1)
    svg += circle(random.between(0, 100), random.between(-4, 13), random.between(7, 13), {
      fill: hex(colour(hue, 42, random.between(24, 40) + night)),
      opacity: 0.9,
    });
  if (light.name === "noon" || light.name === "golden") {
    for (let i = 0; i < 2; i += 1) {
      const x = random.between(10, 80);
      svg += polygon(
        [
          [x, 0],
          [x + 9, 0],
          [x - 6, 92],
          [x - 28, 92],
        ],
        {
          fill: sketch.linear([
            [0, "#fff7cf", 0.42],
            [1, "#fff7cf", 0],
          ]),
        },
      );
    }
  }
  svg += ground(
    sketch,
    y + 2,
    hex(colour(hue - 10, 34, 42 + night)),
    hex(colour(hue - 24, 36, 23 + night * 0.5)),
  );
  for (let i = 0; i < 14; i += 1)
    svg += ellipse(random.between(0, 100), random.between(y + 6, 98), random.between(0.9, 2.2), 0.8, {
      fill: random.pick(["#c98b3c", "#8a5a2b", "#7da453", "#e0b45c"]),
      opacity: 0.75,
    });
  return { svg, horizon: y + 2, cover: (at) => grassCover(sketch, random, at, Math.max(70, hue)) };
};

const room: Draw = (sketch, random, light) => {
  const y = random.between(60, 72);
  const wall = colour(
    random.pick([38, 200, 150, 12, 262, 48]),
    random.between(18, 40),
    random.between(70, 86) - (light.name === "moonlit" ? 18 : 0),
  );
  let svg = rect(0, 0, 100, y + 1, {
    fill: sketch.linear(
      [
        [0, hex(wall)],
        [1, hex(colour(wall.hue, wall.saturation, wall.lightness - 12))],
      ],
      0,
      0,
      0.6,
      1,
    ),
  });
  if (random.chance(0.55)) {
    const x = random.between(6, 62);
    svg += rect(x - 2, 8, 32, 34, { fill: "#fffdf6" }, 0.8);
    svg += rect(x, 10, 28, 30, {
      fill: sketch.linear([
        [0, light.skyTop],
        [1, light.skyLow],
      ]),
    });
    svg += rect(x + 13, 10, 2, 30, { fill: "#fffdf6" }) + rect(x, 24, 28, 2, { fill: "#fffdf6" });
    svg += polygon(
      [
        [x - 2, y + 6],
        [x + 28, y + 6],
        [x + 46, 101],
        [x + 4, 101],
      ],
      { fill: "#fff6d6", opacity: 0.22 },
    );
  } else {
    const x = random.between(8, 66);
    svg +=
      rect(x, 12, 26, 20, { fill: "#6b4a32" }, 0.6) +
      rect(x + 2, 14, 22, 16, {
        fill: sketch.linear([
          [0, hex(colour(wall.hue + 180, 40, 78))],
          [1, hex(colour(wall.hue + 150, 46, 48))],
        ]),
      });
  }
  if (random.chance(0.5)) {
    const x = random.pick([6, 92]);
    svg += polygon(
      [
        [x - 5, y + 4],
        [x + 5, y + 4],
        [x + 4, y + 13],
        [x - 4, y + 13],
      ],
      { fill: "#b5643c" },
    );
    for (const a of [-8, -4, 0, 4, 8])
      svg += path(d`M${x} ${y + 4} Q${x + a * 0.5} ${y - 12} ${x + a} ${y - 18 + Math.abs(a)}`, {
        stroke: "#3f7d4e",
        width: 2.4,
      });
  }
  const wood = colour(random.between(22, 34), 38, random.between(42, 58));
  svg += ground(sketch, y, hex(wood), hex(colour(wood.hue, 42, wood.lightness - 14)));
  for (let i = -4; i < 10; i += 1)
    svg += line(
      50 + (i - 3) * 12,
      y,
      50 + (i - 3) * 26,
      101,
      hex(colour(wood.hue, 40, wood.lightness - 18)),
      0.6,
      0.5,
    );
  svg += rect(0, y - 2.6, 100, 2.8, { fill: "#fffaf0" });
  if (random.chance(0.5))
    svg +=
      ellipse(50, 90, 44, 8.4, { fill: hex(colour(wall.hue + 170, 34, 48)), opacity: 0.85 }) +
      ellipse(50, 90, 37, 6.4, { fill: hex(colour(wall.hue + 170, 34, 62)), opacity: 0.7 });
  return { svg, horizon: y, cover: (at) => wallCover(sketch, random, at) };
};

const desert: Draw = (sketch, random, light) => {
  const y = random.between(46, 62);
  const hue = random.between(26, 40);
  const night = light.name === "moonlit" ? -22 : 0;
  let svg = skyAbove(sketch, random, light, y, random.integer(0, 2));
  svg +=
    hills(random, y, random.between(6, 15), hex(colour(hue - 8, 42, 62 + night))) +
    hills(random, y + 1, random.between(3, 7), hex(colour(hue - 2, 52, 68 + night)));
  svg += ground(sketch, y, hex(colour(hue, 58, 75 + night)), hex(colour(hue - 4, 52, 54 + night)));
  for (let i = 0; i < 5; i += 1) {
    const ry = random.between(y + 6, 98);
    svg += path(d`M${random.between(-10, 30)} ${ry} q20 -3 40 0 t40 0`, {
      stroke: hex(colour(hue - 6, 46, 52 + night)),
      width: 0.8,
      opacity: 0.5,
    });
  }
  if (random.chance(0.6)) {
    const x = random.pick([random.between(3, 16), random.between(84, 97)]);
    svg += path(d`M${x} ${y + 6} L${x} ${y - 15} M${x} ${y - 3} h-4.6 v-6 M${x} ${y - 1} h4.8 v-7`, {
      stroke: "#4f7f4c",
      width: 3,
    });
  }
  return {
    svg,
    horizon: y,
    cover: (at) =>
      driftCover(sketch, random, at, hex(colour(hue, 60, 76 + night)), hex(colour(hue - 4, 52, 54 + night))),
  };
};

const city: Draw = (sketch, random, light) => {
  const y = random.between(54, 66);
  const night = light.name === "moonlit" || light.name === "dusk";
  let svg = skyAbove(sketch, random, light, y, random.integer(0, 2));
  svg += skyline(sketch, random, y, random.between(28, 46), night);
  svg += ground(sketch, y, "#b9bcc2", "#8b8f98");
  const top = y + (100 - y) * 0.32;
  svg +=
    rect(-1, top, 102, 102 - top, {
      fill: sketch.linear([
        [0, "#686c76"],
        [1, "#3f434c"],
      ]),
    }) + rect(-1, top - 1, 102, 1.6, { fill: "#dcdcd8" });
  return { svg, horizon: y, cover: (at) => wallCover(sketch, random, at) };
};

const mountains: Draw = (sketch, random, light) => {
  const y = random.between(48, 62);
  const hue = meadowHue(random);
  const night = light.name === "moonlit" ? -18 : 0;
  let svg = skyAbove(sketch, random, light, y, random.integer(0, 2));
  svg += peaks(random, y, random.between(24, 38), hex(colour(218, 24, 62 + night)), "#f4f8ff");
  svg += hills(random, y + 1, random.between(4, 8), hex(colour(hue + 40, 24, 40 + night)));
  if (random.chance(0.6))
    svg += firs(
      random,
      y + 2,
      random.between(6, 11),
      hex(colour(158, 28, 28 + night * 0.4)),
      random.integer(6, 11),
    );
  svg += ground(sketch, y, hex(colour(hue, 34, 50 + night * 0.5)), hex(colour(hue - 10, 34, 33)));
  for (let i = 0; i < 7; i += 1)
    svg += ellipse(
      random.between(0, 100),
      random.between(y + 6, 98),
      random.between(1, 3),
      random.between(0.8, 1.5),
      { fill: "#b7b4ae", opacity: 0.85 },
    );
  return { svg, horizon: y, cover: (at) => grassCover(sketch, random, at, hue) };
};

const draws: Readonly<Record<PlaceName, Draw>> = {
  sky,
  grass,
  water,
  road,
  snow,
  forest,
  room,
  desert,
  city,
  mountains,
};

/** Draws a place in the given light; `afloat` leaves the water open for a ship. */
export function drawPlace(
  name: PlaceName,
  sketch: Sketch,
  random: Random,
  light: Light,
  afloat: boolean,
): Place {
  return draws[name](sketch, random, light, afloat);
}
