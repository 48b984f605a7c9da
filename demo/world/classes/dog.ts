import { colour, hex, shade } from "../colour.ts";
import { fur, hairs, skin } from "../parts/coat.ts";
import { frontFace } from "../parts/front-face.ts";
import { patches, spots } from "../parts/pattern.ts";
import { sideAnimal } from "../parts/side-animal.ts";
import type { Drawing, Subject } from "../subject.ts";
import { d, ellipse, group, path, placed } from "../svg.ts";

/** A dog: long-nosed in profile, or short-nosed and looking at us. */
export function drawDog({ random, sketch, has }: Subject): Drawing {
  const base = random.pick([
    colour(34, 56, 52),
    colour(26, 50, 36),
    colour(40, 30, 82),
    colour(20, 46, 26),
    colour(220, 8, 28),
    colour(36, 12, 62),
  ]);
  const fill = has("hairy") ? fur(sketch, base) : skin(sketch, base);
  const ears = has("floppy-ears") ? "floppy" : has("ears") ? "upright" : "none";
  const light = hex(base.lightness > 70 ? shade(base, -8) : colour(36, 36, 84));
  const spot = base.lightness > 60 ? hex(colour(24, 40, 24)) : "#f4ecdd";
  const dotted = random.chance(0.6);
  const tail = (x: number, y: number): string =>
    path(d`M${x + 3} ${y + 2} Q${x - 5} ${y - 3} ${x - 8} ${y - 15}`, {
      stroke: hex(shade(base, -4)),
      width: 4,
    });

  if (has("long-snout")) {
    const view = has("tail") || random.chance(0.35) ? "whole" : "bust";
    return sideAnimal(random, sketch, {
      view,
      shape: {
        half: random.between(17, 20),
        depth: random.between(12, 15),
        leg: random.between(12, 15),
        legWidth: random.between(3.6, 4.6),
        foot: "paw",
      },
      neck: random.between(9, 12),
      neckWidth: random.between(8.4, 10),
      head: { kind: "dog", longSnout: true, ears, antlers: false, fill, base, muzzle: light },
      headScale: random.between(0.95, 1.12),
      base,
      fill,
      socks: light,
      belly: light,
      hairy: has("hairy"),
      mane: null,
      tail: has("tail") ? tail : null,
      marking: has("patterned")
        ? (area) =>
            dotted
              ? spots(random, area, spot, 12, area.height * 0.07, area.height * 0.12)
              : patches(random, area, spot, 3)
        : null,
    });
  }

  // Sitting, seen from the front.
  const h = random.between(32, 36);
  let svg = has("tail")
    ? path(d`M9 -6 C20 -4 25 -12 22 -20`, { stroke: hex(shade(base, -8)), width: 4.4 })
    : "";
  const torso = d`M-8 ${-h} C-14 ${-h * 0.6} -17 -8 -14 -1 L14 -1 C17 -8 14 ${-h * 0.6} 8 ${-h} Z`;
  const box = { x: -16, y: -h, width: 32, height: h };
  svg += path(torso, { fill });
  svg += `<g clip-path="${sketch.clip(torso)}">${ellipse(0, -h * 0.5, 6.4, h * 0.34, { fill: light, opacity: 0.9 })}${has("patterned") ? spots(random, box, spot, 9, 1.6, 2.6) : ""}${has("hairy") ? hairs(random, box, base, 18, 4, 0) : ""}</g>`;
  for (const side of [-1, 1]) {
    svg += ellipse(side * 11, -3.2, 6.2, 3.8, { fill: hex(shade(base, -9)) });
    svg += path(d`M${side * 4.6} ${-h * 0.45} L${side * 5.2} -2`, {
      stroke: hex(shade(base, 3)),
      width: 5.4,
    });
    svg += ellipse(side * 5.4, -1.6, 3.8, 2.2, { fill: light });
  }
  const marking = has("patterned")
    ? spots(random, { x: -11, y: -11, width: 22, height: 14 }, spot, 4, 1.8, 3)
    : "";
  const face = frontFace(random, sketch, {
    kind: "dog",
    ears,
    fill,
    base,
    muzzle: light,
    iris: null,
    asleep: false,
    hairy: has("hairy"),
    marking,
  });
  svg += group(face, placed(0, -h - 4, random.between(-9, 9), 1.12));
  return { svg, width: 42, height: h + 20, stance: "stand" };
}
