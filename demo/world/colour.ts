/** A colour by hue (degrees), saturation and lightness (0 to 100). */
export interface Colour {
  readonly hue: number;
  readonly saturation: number;
  readonly lightness: number;
}

const within = (value: number): number => Math.min(100, Math.max(0, value));

/** Makes a colour; saturation and lightness are held within 0 to 100. */
export function colour(hue: number, saturation: number, lightness: number): Colour {
  return { hue: (hue + 360) % 360, saturation: within(saturation), lightness: within(lightness) };
}

/** The colour with its lightness moved by `amount` (negative is darker). */
export function shade(base: Colour, amount: number): Colour {
  return colour(base.hue, base.saturation, base.lightness + amount);
}

/** The colour turned by `degrees` of hue. */
export function turn(base: Colour, degrees: number): Colour {
  return colour(base.hue + degrees, base.saturation, base.lightness);
}

/** The colour as `#rrggbb`, which every SVG renderer reads alike. */
export function hex(value: Colour): string {
  const s = value.saturation / 100;
  const l = value.lightness / 100;
  const a = s * Math.min(l, 1 - l);
  const channel = (n: number): string => {
    const k = (n + value.hue / 30) % 12;
    const level = l - a * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(level * 255)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
