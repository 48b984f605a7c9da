import { colour, hex, shade } from "../colour.ts";
import { fur, hairs, skin } from "../parts/coat.ts";
import { irisColour } from "../parts/eye.ts";
import { frontFace } from "../parts/front-face.ts";
import { coatStripes, patches } from "../parts/pattern.ts";
import { quadruped } from "../parts/quadruped.ts";
import type { Drawing, Subject } from "../subject.ts";
import { d, ellipse, group, path, placed } from "../svg.ts";

/** A cat that looks at us: standing, sitting, or its face close by. */
export function drawCat({ random, sketch, has }: Subject): Drawing {
  const base = random.pick([
    colour(28, 66, 56),
    colour(30, 26, 40),
    colour(215, 8, 46),
    colour(220, 8, 20),
    colour(38, 40, 80),
    colour(22, 34, 32),
    colour(36, 16, 88),
  ]);
  const fill = has("hairy") ? fur(sketch, base) : skin(sketch, base);
  const light = hex(base.lightness > 72 ? colour(36, 30, 94) : colour(base.hue, base.saturation * 0.6, 86));
  const stripe = hex(base.lightness < 30 ? colour(30, 14, 58) : shade(base, -26));
  const tabby = random.chance(0.7);
  const faceMarking = !has("patterned")
    ? ""
    : tabby
      ? path(
          d`M0 -11 L0 -5 M-3.6 -11 L-2.6 -6 M3.6 -11 L2.6 -6 M-14 0 L-9.6 1 M-14 4 L-9.6 3.6 M14 0 L9.6 1 M14 4 L9.6 3.6`,
          { stroke: stripe, width: 1.7 },
        )
      : ellipse(-7, -5, 7, 8, { fill: stripe }) + ellipse(12, 4, 5, 5, { fill: stripe });
  const face = frontFace(random, sketch, {
    kind: "cat",
    ears: has("ears") ? "upright" : "none",
    fill,
    base,
    muzzle: light,
    iris: has("colored-eyes") ? irisColour(random) : null,
    asleep: !has("colored-eyes") && random.chance(0.5),
    hairy: has("hairy"),
    marking: faceMarking,
  });
  const tail = (data: string): string => path(data, { stroke: hex(shade(base, -6)), width: 4.4 });
  const view = has("tail")
    ? random.weighted({ standing: 0.6, sitting: 0.4 })
    : random.weighted({ standing: 0.2, sitting: 0.4, face: 0.4 });

  if (view === "standing") {
    const half = random.between(17, 20);
    const shape = {
      half,
      depth: random.between(13, 16),
      leg: random.between(10, 13),
      legWidth: 4,
      foot: "paw" as const,
    };
    const area = { x: -half, y: -(shape.leg + shape.depth), width: half * 2, height: shape.depth };
    const marking = !has("patterned")
      ? ""
      : tabby
        ? coatStripes(random, area, stripe, 5, 2)
        : patches(random, area, stripe, 3);
    const body = quadruped(
      random,
      sketch,
      shape,
      { fill, base, socks: light, belly: light, hairy: has("hairy") },
      marking,
    );
    let svg = has("tail")
      ? tail(
          d`M${-half + 2} ${body.top + 5} C${-half - 9} ${body.top + 2} ${-half - 10} ${body.top - 12} ${-half - 3} ${body.top - 20}`,
        )
      : "";
    svg += body.svg + group(face, placed(half * 0.92, body.top + 0.5, random.between(-8, 8), 0.84));
    return { svg: group(svg, placed(-3, 0)), width: half * 2 + 24, height: -body.top + 17, stance: "stand" };
  }
  if (view === "sitting") {
    const h = random.between(28, 32);
    const torso = d`M-7 ${-h} C-12 ${-h * 0.6} -16.5 -9 -13 -1 L13 -1 C16.5 -9 12 ${-h * 0.6} 7 ${-h} Z`;
    const box = { x: -16, y: -h * 0.7, width: 32, height: h * 0.7 };
    let svg = has("tail") ? tail(d`M9 -4 C22 -2 24 -12 20 -18 C18 -22 22 -26 25 -24`) : "";
    svg += path(torso, { fill });
    svg += `<g clip-path="${sketch.clip(torso)}">${!has("patterned") ? "" : tabby ? path(d`M-18 -18 L-9 -16 M-18 -12 L-8 -10.6 M-18 -7 L-9 -6 M18 -18 L9 -16 M18 -12 L8 -10.6 M18 -7 L9 -6`, { stroke: stripe, width: 2.2 }) : patches(random, box, stripe, 2)}${ellipse(0, -h * 0.52, 5, h * 0.3, { fill: light, opacity: 0.85 })}${has("hairy") ? hairs(random, box, base, 16, 4, 0) : ""}</g>`;
    for (const side of [-1, 1])
      svg +=
        path(d`M${side * 3.6} ${-h * 0.42} L${side * 3.8} -2`, { stroke: hex(shade(base, 3)), width: 4.6 }) +
        ellipse(side * 3.9, -1.7, 3.2, 2, { fill: light });
    svg += group(face, placed(0, -h - 4, random.between(-9, 9), 1));
    return { svg, width: 40, height: h + 23, stance: "stand" };
  }
  const shoulders = d`M-34 14 C-32 -8 -16 -14 0 -14 C16 -14 32 -8 34 14 Z`;
  let svg = path(shoulders, { fill });
  svg += `<g clip-path="${sketch.clip(shoulders)}">${ellipse(0, 8, 12, 16, { fill: light, opacity: 0.7 })}${has("patterned") ? coatStripes(random, { x: -34, y: -14, width: 68, height: 26 }, stripe, 9, 3) : ""}${has("hairy") ? hairs(random, { x: -34, y: -14, width: 68, height: 26 }, base, 26, 6, 0) : ""}</g>`;
  svg += group(face, placed(0, -29, random.between(-9, 9), 2.1));
  return { svg, width: 66, height: 70, stance: "bust" };
}
