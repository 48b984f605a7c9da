import { colour, hex, shade } from "../colour.ts";
import { fur, skin } from "../parts/coat.ts";
import { patches, spots } from "../parts/pattern.ts";
import { sideAnimal } from "../parts/side-animal.ts";
import type { Drawing, Subject } from "../subject.ts";
import { d, path } from "../svg.ts";

/** A deer in profile, with or without antlers, spotted or plain. */
export function drawDeer({ random, sketch, has }: Subject): Drawing {
  const base = colour(random.between(16, 36), random.between(32, 58), random.between(34, 54));
  const fill = has("hairy") ? fur(sketch, base) : skin(sketch, base);
  const view = has("tail") || random.chance(0.3) ? "whole" : "bust";
  const pale = hex(colour(base.hue + 8, 40, 84));
  const dotted = random.chance(0.75);
  return sideAnimal(random, sketch, {
    view,
    shape: {
      half: random.between(17, 20),
      depth: random.between(13, 16),
      leg: random.between(19, 24),
      legWidth: random.between(3, 3.8),
      foot: "hoof",
    },
    neck: random.between(15, 20),
    neckWidth: random.between(7.4, 9),
    head: {
      kind: "deer",
      longSnout: has("long-snout"),
      ears: has("ears") ? "upright" : "none",
      antlers: has("horns"),
      fill,
      base,
      muzzle: pale,
    },
    headScale: random.between(0.82, 1),
    base,
    fill,
    socks: hex(shade(base, -14)),
    belly: pale,
    hairy: has("hairy"),
    mane: null,
    tail: has("tail")
      ? (x, y) =>
          path(
            d`M${x + 3} ${y - 2} Q${x - 6} ${y - 6} ${x - 6.4} ${y + 4} Q${x - 3} ${y + 8} ${x + 1} ${y + 6} Z`,
            { fill: "#fbf3e4" },
          )
      : null,
    marking: has("patterned")
      ? (area) =>
          dotted
            ? spots(random, area, "#fbefd8", 16, area.height * 0.045, area.height * 0.075)
            : patches(random, area, pale, 3)
      : null,
  });
}
