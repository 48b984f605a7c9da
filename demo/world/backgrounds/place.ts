import type { ClassName } from "../class-names.ts";

/** The places a picture can be set in. */
export const placeNames = [
  "sky",
  "grass",
  "water",
  "road",
  "snow",
  "forest",
  "room",
  "desert",
  "city",
  "mountains",
] as const;

/** The name of a place. */
export type PlaceName = (typeof placeNames)[number];

/** How a caption says where the picture is set. */
export const placePhrases: Readonly<Record<PlaceName, string>> = {
  sky: "in the sky",
  grass: "on grass",
  water: "by the water",
  road: "on a road",
  snow: "in the snow",
  forest: "in a forest",
  room: "in a room",
  desert: "in the desert",
  city: "in a city",
  mountains: "near mountains",
};

/** How often a class is met in a place. Ships hauled out of the water and birds in rooms are rare, not absent. */
export const placesOf: Readonly<Record<ClassName, Readonly<Partial<Record<PlaceName, number>>>>> = {
  truck: { road: 5, city: 4, grass: 2, snow: 2, forest: 2, desert: 2.5, mountains: 2.5, room: 0.7, water: 1 },
  car: { road: 5, city: 4, grass: 2, snow: 2, forest: 2, desert: 2.5, mountains: 2.5, room: 0.7, water: 1 },
  plane: { sky: 7, mountains: 2.5, city: 2, desert: 2, grass: 1.5, snow: 1.5, water: 2, forest: 1 },
  ship: { water: 9, grass: 1.5, snow: 1, desert: 1.5, city: 1, mountains: 1, room: 0.5 },
  cat: { room: 5, grass: 3, city: 2, road: 1.5, snow: 2, forest: 2, water: 1, mountains: 1, desert: 1 },
  dog: { room: 3.5, grass: 4, city: 2, road: 2, snow: 2, forest: 2, water: 2, mountains: 1.5, desert: 1 },
  equine: {
    grass: 5,
    forest: 2,
    snow: 2,
    road: 1.5,
    desert: 2.5,
    mountains: 3,
    water: 1.5,
    city: 1,
    room: 0.7,
  },
  deer: {
    grass: 4,
    forest: 5,
    snow: 3,
    road: 1.2,
    desert: 1,
    mountains: 3,
    water: 1.5,
    city: 0.8,
    room: 0.6,
  },
  frog: {
    water: 4,
    grass: 4,
    forest: 4,
    road: 1.5,
    room: 1.2,
    desert: 1,
    mountains: 1,
    snow: 0.7,
    city: 0.8,
  },
  bird: {
    sky: 4,
    forest: 3,
    grass: 3,
    snow: 2.5,
    water: 2.5,
    mountains: 2,
    city: 2,
    room: 1.5,
    road: 1,
    desert: 1.5,
  },
};

/** A drawn place: what lies behind the subject, where the ground starts, and what can hide its feet. */
export interface Place {
  readonly svg: string;
  /** The picture's height of the horizon, 0 at the top and 100 at the bottom. */
  readonly horizon: number;
  /** Draws something in front that covers everything below `y`, across the picture. */
  readonly cover: (y: number) => string;
}
