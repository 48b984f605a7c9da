import { type Colour, hex, shade } from "../colour.ts";
import type { Random } from "../random.ts";
import { d, ellipse, path, polygon, type Sketch } from "../svg.ts";
import { hairs } from "./coat.ts";

/** Measures of a four-legged body seen from the side, looking right. */
export interface QuadrupedShape {
  readonly half: number;
  readonly depth: number;
  readonly leg: number;
  readonly legWidth: number;
  readonly foot: "hoof" | "paw";
}

/** A four-legged body: legs behind, torso, legs in front. */
export interface Quadruped {
  readonly svg: string;
  readonly top: number;
  readonly chest: readonly [number, number];
  readonly rump: readonly [number, number];
}

/** Draws torso and legs in the coat; `marking` is drawn on the torso and clipped to it. */
export function quadruped(
  random: Random,
  sketch: Sketch,
  shape: QuadrupedShape,
  coat: {
    readonly fill: string;
    readonly base: Colour;
    readonly socks: string;
    readonly belly: string;
    readonly hairy: boolean;
  },
  marking: string,
): Quadruped {
  const { half: b, depth: t, leg, legWidth: w } = shape;
  const top = -(leg + t);
  const bottom = -leg;
  const dark = hex(shade(coat.base, -17));
  const stride = random.between(-1, 1) * leg * 0.22;
  const limb = (x: number, swing: number, fill: string, hind: boolean): string => {
    const knee = -leg * 0.5;
    const kx = x + swing * 0.5 + (hind ? -w * 0.35 : w * 0.1);
    const fx = x + swing;
    const upper = w * (hind ? 1.15 : 0.95);
    const footFill = shape.foot === "hoof" ? "#2a221d" : coat.socks;
    return (
      polygon(
        [
          [x - upper, bottom - t * 0.3],
          [x + upper, bottom - t * 0.3],
          [kx + w * 0.52, knee],
          [fx + w * 0.46, -1],
          [fx - w * 0.46, -1],
          [kx - w * 0.52, knee],
        ],
        { fill },
      ) +
      (shape.foot === "hoof"
        ? polygon(
            [
              [fx - w * 0.5, -3],
              [fx + w * 0.5, -3],
              [fx + w * 0.72, 0.3],
              [fx - w * 0.6, 0.3],
            ],
            { fill: footFill },
          )
        : ellipse(fx + w * 0.25, -1.2, w * 0.85, 1.9, { fill: footFill }))
    );
  };
  const torso = d`M${-b} ${top + t * 0.38} C${-b} ${top - 0.5} ${-b * 0.55} ${top - 0.5} 0 ${top + t * 0.09} C${b * 0.4} ${top + t * 0.1} ${b * 0.75} ${top - t * 0.06} ${b} ${top + t * 0.28} C${b + 2.5} ${bottom - t * 0.15} ${b * 0.75} ${bottom + 1} ${b * 0.35} ${bottom} C${-b * 0.15} ${bottom - t * 0.16} ${-b * 0.3} ${bottom - t * 0.18} ${-b * 0.55} ${bottom} C${-b * 0.95} ${bottom + 0.5} ${-b * 1.06} ${bottom - t * 0.3} ${-b} ${top + t * 0.38} Z`;
  const clip = sketch.clip(torso);
  const area = { x: -b, y: top, width: b * 2, height: t };
  const svg =
    limb(-b * 0.66, -stride, dark, true) +
    limb(b * 0.62, stride, dark, false) +
    path(torso, { fill: coat.fill }) +
    `<g clip-path="${clip}">${ellipse(0, bottom + t * 0.02, b * 0.85, t * 0.2, { fill: coat.belly, opacity: 0.8 })}${marking}${coat.hairy ? hairs(random, area, coat.base, 26, t * 0.26) : ellipse(-b * 0.1, top + t * 0.24, b * 0.7, t * 0.12, { fill: "#ffffff", opacity: 0.4 })}</g>` +
    limb(-b * 0.8, stride, coat.fill, true) +
    limb(b * 0.8, -stride, coat.fill, false);
  return { svg, top, chest: [b * 0.86, top + t * 0.3], rump: [-b * 0.97, top + t * 0.25] };
}
