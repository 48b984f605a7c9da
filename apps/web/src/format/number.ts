/** A number with its 95 % interval, as the API gives it. */
export type Interval = { readonly value: number; readonly low: number; readonly high: number };

const minus = "−";
/** Between a number and its unit, where a line must not break. */
const space = "\u00a0";

function signed(text: string, value: number): string {
  return value > 0 ? `+${text}` : text.replace("-", minus);
}

/** 0.8731 -> "87.3 %"; no number -> "–". */
export function percent(value: number | null | undefined, digits = 1): string {
  return value === null || value === undefined
    ? "–"
    : `${(value * 100).toFixed(digits)}${space}%`.replace("-", minus);
}

/** A difference of two shares in percentage points, always signed: -0.042 -> "−4.2 pp". */
export function percentagePoints(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined) return "–";
  return `${signed((value * 100).toFixed(digits), value)}${space}pp`;
}

/** "85.0 – 89.1 %". */
export function percentInterval(interval: Interval | null | undefined, digits = 1): string {
  if (!interval) return "";
  const [low, high] = [interval.low, interval.high].map((end) => (end * 100).toFixed(digits));
  return `${low} – ${high}${space}%`.replaceAll("-", minus);
}

/** Interval of a difference of shares: "[−9.4, −6.1] pp". */
export function pointsInterval({ low, high }: Interval, digits = 1): string {
  const [from, to] = [low, high].map((end) => signed((end * 100).toFixed(digits), end));
  return `[${from},${space}${to}]${space}pp`;
}

/** "0.842 – 0.880". */
export function decimalInterval(interval: Interval | null | undefined, digits = 3): string {
  return interval ? `${decimal(interval.low, digits)} – ${decimal(interval.high, digits)}` : "";
}

/** Fixed digits with a true minus sign: -0.1234 -> "−0.123". */
export function decimal(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", minus);
}

/** As `decimal`, with a plus sign in front of positive numbers. */
export function signedDecimal(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? "–" : signed(value.toFixed(digits), value);
}

/** A detector's score, whose scale is its own, to four figures: "−152.0", "21.25", "0.084". */
export function score(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const whole = Math.max(1, Math.floor(Math.log10(Math.max(1, Math.abs(value)))) + 1);
  return decimal(value, Math.max(0, Math.min(3, 4 - whole)));
}

/** p- and q-values: "0.032", and "< 0.001" below. */
export function probability(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return value < 0.001 ? `<${space}0.001` : value.toFixed(3);
}

/** 12345 -> "12,345". */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toLocaleString("en-US");
}
