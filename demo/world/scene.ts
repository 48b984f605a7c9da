import { type Attribute, attributeNames, type ShareOverrides, sampleAttributes } from "./attributes.ts";
import { drawPlace } from "./backgrounds/draw-place.ts";
import { type PlaceName, placesOf } from "./backgrounds/place.ts";
import type { ClassName } from "./class-names.ts";
import { drawBird } from "./classes/bird.ts";
import { drawCar } from "./classes/car.ts";
import { drawCat } from "./classes/cat.ts";
import { drawDeer } from "./classes/deer.ts";
import { drawDog } from "./classes/dog.ts";
import { drawEquine } from "./classes/equine.ts";
import { drawFrog } from "./classes/frog.ts";
import { drawPlane } from "./classes/plane.ts";
import { drawShip } from "./classes/ship.ts";
import { drawTruck } from "./classes/truck.ts";
import { type Light, sampleLight } from "./light.ts";
import { createRandom, type Random } from "./random.ts";
import type { Drawing, Subject } from "./subject.ts";
import { circle, d, ellipse, group, path, placed, rect, Sketch } from "./svg.ts";

/** A picture before it is rendered, with what is true of it. */
export interface Scene {
  readonly className: ClassName;
  readonly attributes: readonly Attribute[];
  readonly place: PlaceName;
  readonly light: string;
  /** The SVG document of the picture at the given width and height in pixels. */
  svg(size: number): string;
}

const drawings: Readonly<Record<ClassName, (subject: Subject) => Drawing>> = {
  truck: drawTruck,
  car: drawCar,
  plane: drawPlane,
  ship: drawShip,
  cat: drawCat,
  dog: drawDog,
  equine: drawEquine,
  deer: drawDeer,
  frog: drawFrog,
  bird: drawBird,
};

/** Composes the scene that the seed names: place, light, subject, what stands in front, the lens. */
export function composeScene(className: ClassName, seed: string, overrides: ShareOverrides = {}): Scene {
  const random = createRandom("scene", className, seed);
  const attributes = sampleAttributes(className, random, overrides);
  const light = sampleLight(random);
  let placeName = random.weighted(placesOf[className]);
  if (className === "ship")
    placeName = attributes.has("wet")
      ? "water"
      : placeName === "water"
        ? random.pick(["grass", "desert", "city", "snow"] as const)
        : placeName;
  const sketch = new Sketch();
  const facing = random.chance(0.5) ? 1 : -1;
  const drawing = drawings[className]({
    random,
    sketch,
    facing,
    has: (attribute) => attributes.has(attribute),
  });
  if (drawing.coverHeight !== undefined && placeName === "sky") placeName = "grass";
  const place = drawPlace(placeName, sketch, random, light, drawing.stance === "float");
  const body =
    place.svg +
    standIn(sketch, random, light, place.horizon, drawing, facing, place.cover) +
    lens(sketch, random, light);
  return {
    className,
    attributes: attributeNames.filter((attribute) => attributes.has(attribute)),
    place: placeName,
    light: light.name,
    svg: (size) => sketch.document(body, size),
  };
}

function standIn(
  sketch: Sketch,
  random: Random,
  light: Light,
  horizon: number,
  drawing: Drawing,
  flip: 1 | -1,
  cover: (y: number) => string,
): string {
  const filling = random.between(0.6, 0.98);
  const scale = Math.min((100 * filling) / drawing.width, (88 * Math.max(filling, 0.72)) / drawing.height);
  const slack = Math.max(4, (100 - drawing.width * scale) * 0.5 + 3);
  const x = 50 + random.between(-slack, slack) * 0.8;
  const tilt = random.between(-1, 1) * random.between(0, 5);
  const high = drawing.height * scale;

  if (drawing.stance === "fly") {
    const y = random.between(Math.max(high * 0.5, 26), Math.min(100 - high * 0.42, 66));
    const bank = random.between(-15, 15);
    return group(drawing.svg, placed(x, y, bank * flip, scale * flip, scale));
  }
  if (drawing.stance === "bust") {
    return group(drawing.svg, placed(x, 103 - 4 * scale, tilt, scale * flip, scale));
  }
  const lowest = 95;
  const earliest = Math.min(lowest, Math.max(horizon + 8, high + 5, 72));
  const y = random.between(earliest, lowest);
  const subject = group(drawing.svg, placed(x, y, tilt * 0.5, scale * flip, scale));
  if (drawing.stance === "float") {
    const sea = sketch.linear([
      [0, "#dff3fa", 0.75],
      [0.25, "#6fb4d2", 0.5],
      [1, "#2f6f9a", 0],
    ]);
    return subject + ellipse(x, y + 3.2 * scale, drawing.width * scale * 0.52, 3.4, { fill: sea });
  }
  const shadow = sketch.radial([
    [0, "#05070f", light.shadow],
    [0.6, "#05070f", light.shadow * 0.65],
    [1, "#05070f", 0],
  ]);
  const ground = ellipse(x + 2 * flip, y + 0.4, drawing.width * scale * 0.56, Math.max(2.4, 4.6 * scale), {
    fill: shadow,
  });
  if (drawing.coverHeight !== undefined)
    return ground + subject + cover(y - drawing.coverHeight * scale - Math.abs(tilt) * 0.35);
  return ground + subject;
}

function lens(sketch: Sketch, random: Random, light: Light): string {
  let svg = "";
  const front = random.weighted({ nothing: 0.72, leaves: 0.12, haze: 0.08, bokeh: 0.08 });
  if (front === "leaves") {
    const left = random.chance(0.5);
    for (let i = 0; i < 6; i += 1) {
      const x = (left ? 0 : 100) + random.between(-8, 8);
      const y = i * 4 + random.between(-4, 4);
      svg += path(
        d`M${x} ${y} q${left ? 9 : -9} -1 ${left ? 15 : -15} 6 q${left ? -9 : 9} 1 ${left ? -15 : 15} -6 Z`,
        { fill: random.pick(["#2f5d3a", "#3f7a48", "#57733a"]), opacity: 0.95 },
      );
    }
  } else if (front === "haze") {
    svg += rect(0, 0, 100, 100, {
      fill: sketch.linear([
        [0, "#f2f5f7", 0.08],
        [0.55, "#f2f5f7", 0.36],
        [1, "#f2f5f7", 0.16],
      ]),
    });
  } else if (front === "bokeh") {
    for (let i = 0; i < 5; i += 1)
      svg += circle(random.between(0, 100), random.between(0, 100), random.between(3, 8), {
        fill: sketch.radial([
          [0, "#fff3cf", 0.4],
          [0.8, "#fff3cf", 0.26],
          [1, "#fff3cf", 0],
        ]),
      });
  }
  svg += rect(0, 0, 100, 100, { fill: light.tint, opacity: light.tintOpacity });
  svg += rect(0, 0, 100, 100, {
    fill: sketch.radial(
      [
        [0, "#000000", 0],
        [0.7, "#000000", 0],
        [1, "#0a0a1e", 0.3],
      ],
      0.5,
      0.5,
      0.75,
    ),
  });
  const exposure = random.between(-0.13, 0.13);
  svg += rect(0, 0, 100, 100, { fill: exposure > 0 ? "#ffffff" : "#000000", opacity: Math.abs(exposure) });
  return svg;
}
