import { type Colour, hex, shade } from "../colour.ts";
import type { Random } from "../random.ts";
import type { Drawing } from "../subject.ts";
import { d, ellipse, group, path, placed, polygon, type Sketch } from "../svg.ts";
import { hairs, tufts } from "./coat.ts";
import type { Area } from "./pattern.ts";
import { type ProfileHead, profileHead } from "./profile-head.ts";
import { type QuadrupedShape, quadruped } from "./quadruped.ts";

/** A whole animal from the side, or its head and neck only. */
export interface SideAnimal {
  readonly view: "whole" | "bust";
  readonly shape: QuadrupedShape;
  readonly neck: number;
  readonly neckWidth: number;
  readonly head: ProfileHead;
  readonly headScale: number;
  readonly base: Colour;
  readonly fill: string;
  readonly socks: string;
  readonly belly: string;
  readonly hairy: boolean;
  readonly mane: string | null;
  readonly tail: ((x: number, y: number) => string) | null;
  /** Draws the coat's markings over an area; absent on a plain coat. */
  readonly marking: ((area: Area) => string) | null;
}

/** Draws a dog, equine or deer in profile. */
export function sideAnimal(random: Random, sketch: Sketch, animal: SideAnimal): Drawing {
  return animal.view === "whole" ? whole(random, sketch, animal) : bust(random, sketch, animal);
}

function maneAlong(
  random: Random,
  from: readonly [number, number],
  to: readonly [number, number],
  thick: number,
  fill: string,
): string {
  let data = d`M${from[0]} ${from[1]} `;
  const steps = 6;
  for (let i = 1; i <= steps; i += 1) {
    const t = i / steps;
    const x = from[0] + (to[0] - from[0]) * t;
    const y = from[1] + (to[1] - from[1]) * t;
    data += d`Q${x - thick * random.between(1, 1.5)} ${y - thick * 0.7} ${x - thick * 0.35} ${y + thick * 0.25} `;
  }
  data += d`Q${to[0] + thick} ${to[1] + thick * 0.4} ${(from[0] + to[0]) / 2 + thick * 0.8} ${(from[1] + to[1]) / 2 + thick * 0.3} Q${from[0] + thick * 1.1} ${from[1] + thick * 0.6} ${from[0] + thick * 0.7} ${from[1] - thick * 0.6} Z`;
  return path(data, { fill });
}

function whole(random: Random, sketch: Sketch, animal: SideAnimal): Drawing {
  const { shape } = animal;
  const area = { x: -shape.half, y: -(shape.leg + shape.depth), width: shape.half * 2, height: shape.depth };
  const body = quadruped(random, sketch, shape, animal, animal.marking === null ? "" : animal.marking(area));
  const lower = random.between(0.62, 1.08);
  const nx = body.chest[0] + animal.neck * (1.25 - lower * 0.62);
  const ny = body.chest[1] - animal.neck * lower;
  const w = animal.neckWidth;
  const neckData = d`M${body.chest[0] - w * 1.15} ${body.top + shape.depth * 0.12} Q${nx - w * 0.75} ${(ny + body.chest[1]) / 2} ${nx - w * 0.45} ${ny - w * 0.2} L${nx + w * 0.42} ${ny + w * 0.4} Q${nx + w * 0.1} ${(ny + body.chest[1]) / 2 + 2} ${body.chest[0] + w * 0.36} ${body.chest[1] + shape.depth * 0.34} Z`;
  const clip = sketch.clip(neckData);
  let neck = path(neckData, { fill: animal.fill });
  const neckArea = {
    x: body.chest[0] - w * 1.2,
    y: ny - w * 0.3,
    width: nx - body.chest[0] + w * 2,
    height: body.chest[1] - ny + w,
  };
  neck += `<g clip-path="${clip}">${animal.marking === null ? "" : animal.marking(neckArea)}${animal.hairy ? hairs(random, neckArea, animal.base, 12, shape.depth * 0.24) : ""}</g>`;
  if (animal.hairy) {
    neck += tufts(
      body.chest[0] + w * 0.1,
      body.chest[1] + shape.depth * 0.05,
      body.chest[0] - w * 0.1,
      body.chest[1] + shape.depth * 0.5,
      2.6,
      2.2,
      4,
      hex(shade(animal.base, -6)),
    );
  }
  const s = animal.headScale;
  let svg = animal.tail === null ? "" : animal.tail(body.rump[0], body.rump[1]);
  svg += body.svg + neck;
  if (animal.mane !== null)
    svg += maneAlong(
      random,
      [nx - w * 0.5, ny - w * 0.7],
      [body.chest[0] - w * 1.2, body.top + shape.depth * 0.16],
      w * 0.62,
      animal.mane,
    );
  svg += group(
    profileHead(random, animal.head),
    placed(nx + w * 0.1, ny - w * 0.05, random.between(4, 26), s),
  );
  if (animal.mane !== null)
    svg += path(
      d`M${nx - 3 * s} ${ny - 6.4 * s} q${5 * s} ${-0.4 * s} ${6.6 * s} ${5.4 * s} q${-4 * s} ${-0.6 * s} ${-6.6 * s} ${-5.4 * s} Z`,
      { fill: animal.mane },
    );
  const reach = nx + (animal.head.longSnout ? 17 : 10) * s;
  const rise = (animal.head.antlers ? 27 : animal.head.ears === "upright" ? 13 : 8) * s;
  const middle = (reach - shape.half - 6) / 2;
  return {
    svg: group(svg, placed(-middle, 0)),
    width: reach + shape.half + (animal.tail === null ? 2 : 8),
    height: -ny + rise,
    stance: "stand",
  };
}

function bust(random: Random, sketch: Sketch, animal: SideAnimal): Drawing {
  const w = animal.neckWidth * 2.3;
  const s = animal.headScale * 2.5;
  const height = 30;
  const neckData = d`M${-w * 2} 12 Q${-w * 1.1} ${-height * 0.55} ${-w * 0.5} ${-height - w * 0.25} L${w * 0.42} ${-height + w * 0.4} Q${w * 0.3} ${-height * 0.35} ${w * 1.25} 12 Z`;
  const clip = sketch.clip(neckData);
  const area = { x: -w * 2, y: -height, width: w * 3.2, height: height + 10 };
  let svg = path(neckData, { fill: animal.fill });
  svg += `<g clip-path="${clip}">${animal.marking === null ? "" : animal.marking(area)}${animal.hairy ? hairs(random, area, animal.base, 34, 6) : ellipse(-w * 0.6, -height * 0.4, w * 0.3, height * 0.5, { fill: "#ffffff", opacity: 0.35 })}${polygon(
    [
      [w * 0.4, -height + w * 0.4],
      [w * 1.4, 12],
      [w * 0.6, 12],
      [w * 0.1, -height + w * 0.5],
    ],
    { fill: "#000000", opacity: 0.1 },
  )}</g>`;
  if (animal.hairy)
    svg += tufts(w * 0.36, -height * 0.62, w * 0.9, 8, 4, 1.4, 6, hex(shade(animal.base, -5)));
  if (animal.mane !== null)
    svg += maneAlong(random, [-w * 0.62, -height - w * 0.62], [-w * 1.6, 8], w * 0.62, animal.mane);
  svg += group(
    profileHead(random, animal.head),
    placed(w * 0.05, -height - w * 0.02, random.between(-2, 22), s),
  );
  if (animal.mane !== null)
    svg += path(
      d`M${-3 * s} ${-height - 6.6 * s} q${6 * s} ${-0.6 * s} ${6.8 * s} ${5.6 * s} q${-4.6 * s} ${-0.4 * s} ${-6.8 * s} ${-5.6 * s} Z`,
      { fill: animal.mane },
    );
  const rise = (animal.head.antlers ? 27 : animal.head.ears === "upright" ? 13 : 8) * s;
  const right = (animal.head.longSnout ? 17 : 10) * s;
  const left = w * 0.95;
  return {
    svg: group(svg, placed((left - right) / 2, 0)),
    width: left + right,
    height: height + rise,
    stance: "bust",
  };
}
