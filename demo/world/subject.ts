import type { Attribute } from "./attributes.ts";
import type { Random } from "./random.ts";
import type { Sketch } from "./svg.ts";

/** What a class drawing is given: where to draw, its random stream, and the attributes it must show. */
export interface Subject {
  readonly random: Random;
  readonly sketch: Sketch;
  /** 1 when the drawing will be shown as drawn, -1 when mirrored: letters must then be drawn mirrored. */
  readonly facing: 1 | -1;
  /** Whether the picture must show the attribute. What is not asked for must not be seen. */
  has(attribute: Attribute): boolean;
}

/**
 * A drawing in its own coordinates: it looks to the right, x = 0 is its middle and y = 0 the ground
 * it stands on (up is negative).
 */
export interface Drawing {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  /** `stand`: on the ground; `fly`: free in the air, y = 0 is its middle; `bust`: cut off by the picture's lower edge; `float`: in water up to y = 0. */
  readonly stance: "stand" | "fly" | "bust" | "float";
  /** Height above the ground that something in front must hide (hidden wheels), if any. */
  readonly coverHeight?: number;
}
