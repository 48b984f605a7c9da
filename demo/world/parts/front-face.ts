import { type Colour, colour, hex, shade } from "../colour.ts";
import type { Random } from "../random.ts";
import { d, ellipse, line, path, type Sketch } from "../svg.ts";
import { hairs, tufts } from "./coat.ts";
import { closedEye, eye } from "./eye.ts";

/** What a face seen from the front carries. */
export interface FrontFace {
  readonly kind: "cat" | "dog";
  readonly ears: "none" | "upright" | "floppy";
  readonly fill: string;
  readonly base: Colour;
  readonly muzzle: string;
  readonly iris: string | null;
  readonly asleep: boolean;
  readonly hairy: boolean;
  /** Markings, clipped to the face. */
  readonly marking: string;
}

/** The head of a cat or dog looking at us, about 26 wide, its middle at (0, 0). */
export function frontFace(random: Random, sketch: Sketch, face: FrontFace): string {
  const cat = face.kind === "cat";
  const outline = cat
    ? d`M0 -11 C8 -11.4 13 -6 13.6 0 C14 6 8 11 0 11 C-8 11 -14 6 -13.6 0 C-13 -6 -8 -11.4 0 -11 Z`
    : d`M0 -12 C7 -12 11 -8 11.4 -2 C12 4 9 12.6 0 12.6 C-9 12.6 -12 4 -11.4 -2 C-11 -8 -7 -12 0 -12 Z`;
  const inner = hex(colour(8, 48, 72));
  let svg = "";
  for (const side of [-1, 1]) {
    if (face.ears === "upright") {
      svg += path(
        d`M${side * 12.6} -2 L${side * 12} -18 Q${side * 11} -19 ${side * 10} -18 L${side * 2.4} -10 Z`,
        { fill: face.fill },
      );
      svg += path(d`M${side * 11} -6 L${side * 10.8} -14.8 L${side * 5} -9.6 Z`, { fill: inner });
    }
  }
  if (face.hairy) {
    svg +=
      tufts(-13, 1, -6, 10.6, -2.4, 1.8, 4, hex(shade(face.base, -4))) +
      tufts(6, 10.6, 13, 1, 2.4, 1.8, 4, hex(shade(face.base, -4)));
  }
  svg += path(outline, { fill: face.fill });
  svg += `<g clip-path="${sketch.clip(outline)}">${face.marking}${face.hairy ? hairs(random, { x: -13, y: -11, width: 26, height: 20 }, face.base, 14, 3, 0.1) : ""}</g>`;
  if (cat) {
    svg +=
      ellipse(-3.2, 5.4, 4.2, 3.4, { fill: face.muzzle }) +
      ellipse(3.2, 5.4, 4.2, 3.4, { fill: face.muzzle });
  } else {
    svg += ellipse(0, 5.4, 6.6, 5.6, { fill: face.muzzle });
  }
  const eyeX = cat ? 6 : 5;
  const eyeY = cat ? -1.4 : -2.4;
  for (const side of [-1, 1]) {
    svg += face.asleep
      ? closedEye(side * eyeX, eyeY, 2.4)
      : eye(side * eyeX, eyeY, cat ? 3.2 : 2.3, face.iris, cat);
  }
  if (cat) {
    svg += path(d`M-1.9 2.6 L1.9 2.6 L0 4.8 Z`, { fill: inner });
    svg += path(d`M0 4.8 L0 6 M0 6 q-2.4 2.2 -3.6 0 M0 6 q2.4 2.2 3.6 0`, { stroke: "#3a2a24", width: 0.7 });
    for (const side of [-1, 1])
      for (const y of [3.6, 5.6]) svg += line(side * 6, 4.8, side * 16.4, y * 1.2 - 2, "#fffaf0", 0.55, 0.85);
  } else {
    svg +=
      ellipse(0, 2.4, 3.1, 2.3, { fill: "#181210" }) +
      ellipse(-0.8, 1.7, 0.9, 0.5, { fill: "#ffffff", opacity: 0.7 });
    svg += path(d`M0 4.6 L0 7 M0 7 q-2.6 2 -4 0.4 M0 7 q2.6 2 4 0.4`, { stroke: "#2c1d18", width: 0.8 });
    if (random.chance(0.5))
      svg += path(d`M-1.8 8 L1.8 8 Q2 12.4 0 12.6 Q-2 12.4 -1.8 8 Z`, { fill: "#e4697b" });
  }
  if (face.ears === "floppy") {
    const earFill = hex(shade(face.base, -13));
    for (const side of [-1, 1]) {
      svg += path(
        d`M${side * 6} -11.6 C${side * 15} -14 ${side * 18.4} 0 ${side * 15} 8.6 C${side * 11} 10 ${side * 9.4} 2 ${side * 9} -4 Z`,
        { fill: earFill },
      );
    }
  }
  return svg;
}
