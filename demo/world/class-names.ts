/** The ten classes in RIVAL10's order. */
export const classNames = [
  "truck",
  "car",
  "plane",
  "ship",
  "cat",
  "dog",
  "equine",
  "deer",
  "frog",
  "bird",
] as const;

/** The name of one of the ten classes. */
export type ClassName = (typeof classNames)[number];

/** The classes that are vehicles; the others are animals. */
export const vehicles: ReadonlySet<ClassName> = new Set<ClassName>(["truck", "car", "plane", "ship"]);
