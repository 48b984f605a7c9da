import type { ClassName } from "./class-names.ts";
import { createRandom, type Random } from "./random.ts";

/** RIVAL10's 18 attributes in index order. */
export const attributeNames = [
  "long-snout",
  "wings",
  "wheels",
  "text",
  "horns",
  "floppy-ears",
  "ears",
  "colored-eyes",
  "tail",
  "mane",
  "beak",
  "hairy",
  "metallic",
  "rectangular",
  "wet",
  "long",
  "tall",
  "patterned",
] as const;

/** The name of one of the 18 attributes. */
export type Attribute = (typeof attributeNames)[number];

/** A share per class and attribute; what is left out is 0. */
export type Shares = Readonly<Record<ClassName, Readonly<Partial<Record<Attribute, number>>>>>;

/**
 * Share of a class's pictures that carry an attribute. RIVAL10's, but for wheels, which Menagerie
 * hides more often (behind grass, snow, a kerb): .72 of cars and .86 of trucks show them, not .94.
 */
export const attributeShares: Shares = {
  truck: {
    wheels: 0.86,
    metallic: 0.97,
    rectangular: 0.96,
    long: 0.77,
    tall: 0.71,
    text: 0.69,
    patterned: 0.42,
  },
  car: { metallic: 0.98, wheels: 0.72, rectangular: 0.84, text: 0.33, long: 0.25, patterned: 0.22 },
  plane: {
    metallic: 0.96,
    wings: 0.92,
    long: 0.92,
    tall: 0.84,
    wheels: 0.65,
    text: 0.6,
    patterned: 0.58,
    rectangular: 0.4,
    tail: 0.2,
  },
  ship: { long: 0.97, tall: 0.96, rectangular: 0.91, metallic: 0.9, wet: 0.72, text: 0.52, patterned: 0.39 },
  cat: { hairy: 0.99, ears: 0.94, patterned: 0.65, "colored-eyes": 0.64, tail: 0.34 },
  dog: { hairy: 0.99, ears: 0.98, "floppy-ears": 0.96, "long-snout": 0.76, tail: 0.36, patterned: 0.11 },
  equine: { hairy: 0.99, ears: 0.94, "long-snout": 0.89, mane: 0.84, patterned: 0.67, tail: 0.6 },
  deer: { hairy: 0.99, ears: 0.97, "long-snout": 0.79, horns: 0.76, patterned: 0.65, tail: 0.52 },
  frog: { wet: 0.83, patterned: 0.69, "colored-eyes": 0.47 },
  bird: { beak: 0.97, wings: 0.93, patterned: 0.85, tail: 0.45, hairy: 0.16 },
};

/** Shares that replace the usual ones, to grow a faulty training set. */
export type ShareOverrides = Readonly<
  Partial<Record<ClassName, Readonly<Partial<Record<Attribute, number>>>>>
>;

/** Draws the attributes of one picture of the class. Floppy ears are ears, always. */
export function sampleAttributes(
  className: ClassName,
  random: Random,
  overrides: ShareOverrides = {},
): ReadonlySet<Attribute> {
  const found = new Set<Attribute>();
  const stream = createRandom("attributes", Math.floor(random.next() * 2 ** 32));
  for (const attribute of attributeNames) {
    const share = overrides[className]?.[attribute] ?? attributeShares[className][attribute] ?? 0;
    if (stream.chance(share)) found.add(attribute);
  }
  if (found.has("floppy-ears")) found.add("ears");
  return found;
}
