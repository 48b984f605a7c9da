import { rgb } from "d3-color";
import { interpolateLab, piecewise } from "d3-interpolate";
import type { Theme } from "../ui/theme.tsx";

/** A colour as [red, green, blue], each 0 to 255. */
export type Rgb = readonly [number, number, number];

/** A scale sampled at `steps` equal distances, as flat red, green, blue bytes. */
export type ColourTable = { readonly steps: number; readonly bytes: Uint8ClampedArray };

const steps = 512;

/** Seaborn's `mako`, eight equidistant anchors: lightness grows evenly, readable for all colour visions. */
const mako = ["#0b0405", "#2e1e3b", "#413d7b", "#37659e", "#348fa7", "#40b7ad", "#8bdab2", "#def5e5"];

/** ColorBrewer's `BrBG` (colour-blind safe), its ends; the middle is the page itself, so that 0 recedes. */
const diverging = {
  light: ["#5a3205", "#a3651c", "#dcbc78", "#f4f5f4", "#80c8bd", "#1f8078", "#00423a"],
  dark: ["#f6dfae", "#d9a650", "#8a5a1c", "#1d2124", "#1d6b64", "#4fb8ab", "#c0f0e6"],
} as const;

function table(colours: readonly string[]): ColourTable {
  const scale = piecewise(interpolateLab, [...colours]);
  const bytes = new Uint8ClampedArray(steps * 3);
  for (let i = 0; i < steps; i++) {
    const colour = rgb(scale(i / (steps - 1)));
    bytes.set([colour.r, colour.g, colour.b], i * 3);
  }
  return { steps, bytes };
}

const tables = {
  sequential: { light: table([...mako].reverse()), dark: table(mako) },
  diverging: { light: table(diverging.light), dark: table(diverging.dark) },
};

/** For values in [0, 1]: more ink is more, on paper as on a dark screen. */
export function sequentialTable(theme: Theme): ColourTable {
  return tables.sequential[theme];
}

/** For values in [-limit, limit], centred on 0: brown below, teal above. */
export function divergingTable(theme: Theme): ColourTable {
  return tables.diverging[theme];
}

/** Colour of a value on a table that spans [low, high]; values outside are clamped. */
export function colourAt(scale: ColourTable, low: number, high: number, value: number): Rgb {
  const share = high > low ? (value - low) / (high - low) : 0.5;
  const at = Math.round(Math.min(1, Math.max(0, share)) * (scale.steps - 1)) * 3;
  return [scale.bytes[at], scale.bytes[at + 1], scale.bytes[at + 2]];
}

/** Black or white, whichever is read better on a colour: at least 4.58 : 1 on any (WCAG 2 asks for 4.5). */
export function readableInk(colour: Rgb): "#000000" | "#ffffff" {
  const [red, green, blue] = colour.map((byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 ? "#ffffff" : "#000000";
}

export function cssColour([red, green, blue]: Rgb): string {
  return `rgb(${red},${green},${blue})`;
}

/** A CSS gradient along the whole table, for legends. */
export function cssGradient(scale: ColourTable): string {
  const stops = Array.from({ length: 13 }, (_, i) => cssColour(colourAt(scale, 0, 12, i)));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/** Half-width of a diverging scale: the largest magnitude, rounded up to one significant step, at least 0.05. */
export function divergingLimit(values: Iterable<number | null>): number {
  let largest = 0.05;
  for (const value of values) {
    if (value !== null && Math.abs(value) > largest) largest = Math.abs(value);
  }
  return Math.min(1, Math.ceil(largest * 20) / 20);
}
