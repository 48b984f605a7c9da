import { type Colour, colour, hex, shade } from "../colour.ts";
import type { Random } from "../random.ts";
import { circle, d, ellipse, path } from "../svg.ts";
import { eye } from "./eye.ts";

/** What a head seen from the side carries. */
export interface ProfileHead {
  readonly longSnout: boolean;
  readonly ears: "none" | "upright" | "floppy";
  readonly antlers: boolean;
  readonly kind: "dog" | "equine" | "deer";
  readonly fill: string;
  readonly base: Colour;
  readonly muzzle: string;
}

/** A head seen from the side, about 10 high, with the skull at (0, 0), looking along +x. */
export function profileHead(random: Random, head: ProfileHead): string {
  const { kind } = head;
  const m = head.longSnout ? (kind === "equine" ? 16 : 14.5) : 7.4;
  const thick = kind === "equine" ? 1.15 : kind === "deer" ? 0.88 : 0.95;
  let svg = "";
  const ear = (shift: number, fill: string, inner: string | null): string => {
    if (head.ears === "none") return "";
    if (head.ears === "floppy") {
      return path(
        d`M${-2.4 + shift} -5.6 C${-7 + shift} -6 ${-8 + shift} 4 ${-4.6 + shift} 7.4 C${-1.6 + shift} 8 ${0.6 + shift} 1 ${-0.4 + shift} -4 Z`,
        { fill },
      );
    }
    const long = kind === "deer" ? 8.4 : kind === "equine" ? 7.6 : 7;
    const lean = kind === "deer" ? -6.4 : -2.2;
    const leaf = d`M${-3.4 + shift} -4.6 Q${-5.6 + shift + lean * 0.4} ${-6 - long * 0.5} ${-2.6 + shift + lean} ${-5 - long} Q${0.9 + shift + lean * 0.2} ${-5 - long * 0.5} ${0.4 + shift} -5 Z`;
    const hollow = d`M${-2.4 + shift} -5.6 Q${-3.6 + shift + lean * 0.4} ${-6 - long * 0.45} ${-2.4 + shift + lean * 0.86} ${-4.6 - long * 0.8} Q${-0.4 + shift + lean * 0.2} ${-5 - long * 0.4} ${-0.8 + shift} -5.6 Z`;
    return path(leaf, { fill }) + (inner === null ? "" : path(hollow, { fill: inner }));
  };
  if (head.antlers) svg += antler(random, 2.2, "#7b5a3c");
  if (head.ears === "upright") svg += ear(2.6, hex(shade(head.base, -16)), null);
  svg += path(
    d`M-6 ${1 * thick} C-6.5 ${-6.6 * thick} 0 ${-8.2 * thick} 4.4 ${-4.6 * thick} C${m * 0.55} ${-3.9 * thick} ${m * 0.8} ${-3.6 * thick} ${m} ${-2.9 * thick} Q${m + 2.6} ${-0.6 * thick} ${m + 0.6} ${3 * thick} C${m * 0.8} ${4.4 * thick} ${m * 0.55} ${4 * thick} 4.4 ${5 * thick} C0 ${7 * thick} -5.4 ${6 * thick} -6 ${1 * thick} Z`,
    { fill: head.fill },
  );
  svg += ellipse(m - 0.6, 0.4 * thick, 2.9, 3.2 * thick, { fill: head.muzzle, opacity: 0.9 });
  if (kind === "equine") svg += ellipse(m + 0.4, -0.8, 0.8, 1.1, { fill: "#1d1512" });
  else
    svg +=
      ellipse(m + 0.9, -1.5 * thick, 1.9, 1.6, { fill: "#17110f" }) +
      circle(m + 0.5, -2, 0.45, { fill: "#ffffff", opacity: 0.7 });
  svg += path(d`M${m + 0.8} ${1.9 * thick} Q${m * 0.75} ${3 * thick} ${m * 0.58} ${1.9 * thick}`, {
    stroke: "#2a1b15",
    width: 0.8,
    opacity: 0.8,
  });
  svg += eye(2.2, -2.6 * thick, 1.8, null);
  svg += ear(
    0,
    head.ears === "floppy" ? hex(shade(head.base, -12)) : head.fill,
    head.kind === "dog" ? null : hex(colour(18, 45, 72)),
  );
  if (head.antlers) svg += antler(random, 0, "#c9a678");
  return svg;
}

function antler(random: Random, shift: number, stroke: string): string {
  const reach = random.between(17, 21);
  const back = random.between(5, 9);
  const x = -1 + shift;
  return path(
    d`M${x} -6 C${x - back} ${-6 - reach * 0.3} ${x - back} ${-6 - reach * 0.7} ${x + 1 + shift} ${-6 - reach} M${x - back * 0.55} ${-6 - reach * 0.32} q${5 + shift} ${-1} ${6 + shift} ${-6} M${x - back * 0.72} ${-6 - reach * 0.55} q${6} ${-1} ${7.4} ${-6.4} M${x - back * 0.7} ${-6 - reach * 0.5} q${-5} ${-2} ${-5.6} ${-7.4}`,
    { stroke, width: 2.1 },
  );
}
