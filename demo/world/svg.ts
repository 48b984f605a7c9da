/** How a shape is painted. Absent means none. */
export interface Paint {
  readonly fill?: string;
  readonly stroke?: string;
  readonly width?: number;
  readonly opacity?: number;
  readonly clip?: string;
  readonly transform?: string;
}

/** A gradient stop: offset 0 to 1, colour, and opacity (1 when left out). */
export type Stop = readonly [offset: number, colour: string, opacity?: number];

const number = (value: number): string => String(Math.round(value * 100) / 100);

function painted(paint: Paint): string {
  let text = ` fill="${paint.fill ?? "none"}"`;
  if (paint.stroke !== undefined) {
    text += ` stroke="${paint.stroke}" stroke-width="${number(paint.width ?? 1)}" stroke-linecap="round" stroke-linejoin="round"`;
  }
  if (paint.opacity !== undefined) text += ` opacity="${number(paint.opacity)}"`;
  if (paint.clip !== undefined) text += ` clip-path="${paint.clip}"`;
  if (paint.transform !== undefined) text += ` transform="${paint.transform}"`;
  return text;
}

/** Path data with its numbers rounded: d`M${x} ${y} Z`. */
export function d(parts: TemplateStringsArray, ...values: readonly number[]): string {
  return parts.reduce((text, part, i) => {
    const value = values[i];
    return text + part + (value === undefined ? "" : number(value));
  }, "");
}

/** A path of the given data. */
export function path(data: string, paint: Paint): string {
  return `<path d="${data}"${painted(paint)}/>`;
}

/** An ellipse by centre and radii. */
export function ellipse(cx: number, cy: number, rx: number, ry: number, paint: Paint): string {
  return `<ellipse cx="${number(cx)}" cy="${number(cy)}" rx="${number(rx)}" ry="${number(ry)}"${painted(paint)}/>`;
}

/** A circle by centre and radius. */
export function circle(cx: number, cy: number, r: number, paint: Paint): string {
  return ellipse(cx, cy, r, r, paint);
}

/** A rectangle with rounded corners of radius `round`. */
export function rect(x: number, y: number, width: number, height: number, paint: Paint, round = 0): string {
  return `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" rx="${number(round)}"${painted(paint)}/>`;
}

/** A straight line with round ends. */
export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  stroke: string,
  width: number,
  opacity = 1,
): string {
  return path(d`M${x1} ${y1} L${x2} ${y2}`, { stroke, width, opacity });
}

/** A closed polygon through the points. */
export function polygon(points: readonly (readonly [number, number])[], paint: Paint): string {
  return path(`${points.map(([x, y], i) => (i === 0 ? d`M${x} ${y}` : d`L${x} ${y}`)).join(" ")} Z`, paint);
}

/** Shapes moved, turned and scaled together. */
export function group(body: string, transform: string, paint: Pick<Paint, "clip" | "opacity"> = {}): string {
  const clip = paint.clip === undefined ? "" : ` clip-path="${paint.clip}"`;
  const opacity = paint.opacity === undefined ? "" : ` opacity="${number(paint.opacity)}"`;
  return `<g transform="${transform}"${clip}${opacity}>${body}</g>`;
}

/** Transform text: shift, then turn (degrees), then scale. */
export function placed(x: number, y: number, turnBy = 0, scaleX = 1, scaleY = scaleX): string {
  return `translate(${number(x)} ${number(y)}) rotate(${number(turnBy)}) scale(${String(Math.round(scaleX * 1e4) / 1e4)} ${String(Math.round(scaleY * 1e4) / 1e4)})`;
}

/** A sheet of SVG in the making: it keeps the gradients and clip paths that the shapes refer to. */
export class Sketch {
  readonly #definitions: string[] = [];

  #define(make: (id: string) => string): string {
    const id = `k${String(this.#definitions.length)}`;
    this.#definitions.push(make(id));
    return `url(#${id})`;
  }

  /** A linear gradient over the shape's box, from (x1,y1) to (x2,y2) in box units; downwards by default. */
  linear(stops: readonly Stop[], x1 = 0, y1 = 0, x2 = 0, y2 = 1): string {
    return this.#define(
      (id) =>
        `<linearGradient id="${id}" x1="${number(x1)}" y1="${number(y1)}" x2="${number(x2)}" y2="${number(y2)}">${stopsText(stops)}</linearGradient>`,
    );
  }

  /** A radial gradient over the shape's box. */
  radial(stops: readonly Stop[], cx = 0.5, cy = 0.5, r = 0.5): string {
    return this.#define(
      (id) =>
        `<radialGradient id="${id}" cx="${number(cx)}" cy="${number(cy)}" r="${number(r)}">${stopsText(stops)}</radialGradient>`,
    );
  }

  /** A clip path that keeps what lies inside the path data. */
  clip(data: string): string {
    return this.#define((id) => `<clipPath id="${id}"><path d="${data}"/></clipPath>`);
  }

  /** The finished document on a 100×100 canvas, `size` pixels wide and high. */
  document(body: string, size: number): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${String(size)}" height="${String(size)}" viewBox="0 0 100 100"><defs>${this.#definitions.join("")}</defs>${body}</svg>`;
  }
}

function stopsText(stops: readonly Stop[]): string {
  return stops
    .map(
      ([offset, stopColour, opacity]) =>
        `<stop offset="${number(offset)}" stop-color="${stopColour}"${opacity === undefined ? "" : ` stop-opacity="${number(opacity)}"`}/>`,
    )
    .join("");
}
