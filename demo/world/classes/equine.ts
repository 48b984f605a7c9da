import { colour, hex, shade } from "../colour.ts";
import { fur, skin } from "../parts/coat.ts";
import { coatStripes, patches, spots } from "../parts/pattern.ts";
import { sideAnimal } from "../parts/side-animal.ts";
import type { Drawing, Subject } from "../subject.ts";
import { d, path } from "../svg.ts";

/** A horse, pony or zebra in profile. */
export function drawEquine({ random, sketch, has }: Subject): Drawing {
  const coatKind = has("patterned") ? random.weighted({ zebra: 0.45, pinto: 0.4, dapple: 0.15 }) : "plain";
  const base =
    coatKind === "zebra"
      ? colour(40, 12, random.between(86, 92))
      : random.pick([
          colour(24, 50, 34),
          colour(18, 44, 24),
          colour(32, 52, 46),
          colour(30, 14, 76),
          colour(220, 6, 26),
          colour(36, 56, 62),
        ]);
  const fill = has("hairy") ? fur(sketch, base) : skin(sketch, base);
  const dark = coatKind === "zebra" ? "#1c1a1c" : hex(shade(base, base.lightness > 55 ? -38 : -16));
  const hair = random.chance(0.35) && coatKind !== "zebra" ? hex(colour(40, 46, 82)) : dark;
  const patch = base.lightness > 60 ? hex(colour(22, 48, 32)) : "#f6efe2";
  const view = has("tail") || random.chance(0.25) ? "whole" : "bust";
  return sideAnimal(random, sketch, {
    view,
    shape: {
      half: random.between(20, 23),
      depth: random.between(15, 18.5),
      leg: random.between(19, 23),
      legWidth: random.between(3.8, 4.8),
      foot: "hoof",
    },
    neck: random.between(15, 19),
    neckWidth: random.between(9.6, 11.4),
    head: {
      kind: "equine",
      longSnout: has("long-snout"),
      ears: has("ears") ? "upright" : "none",
      antlers: false,
      fill,
      base,
      muzzle: hex(shade(base, -18)),
    },
    headScale: random.between(0.9, 1.08),
    base,
    fill,
    socks: dark,
    belly: hex(shade(base, -8)),
    hairy: has("hairy"),
    mane: has("mane") ? hair : null,
    tail: has("tail")
      ? (x, y) =>
          path(
            d`M${x + 4} ${y - 4} C${x - 9} ${y - 7} ${x - 10} ${y + 8} ${x - 7} ${y + 22} Q${x - 3} ${y + 24} ${x - 1.6} ${y + 20} C${x - 2} ${y + 10} ${x - 2} ${y + 2} ${x + 4} ${y + 2} Z`,
            { fill: hair },
          )
      : null,
    marking:
      coatKind === "plain"
        ? null
        : (area) =>
            coatKind === "zebra"
              ? coatStripes(random, area, "#1c1a1c", area.height * 0.24, area.height * 0.1)
              : coatKind === "pinto"
                ? patches(random, area, patch, 3)
                : spots(random, area, patch, 18, area.height * 0.05, area.height * 0.09),
  });
}
