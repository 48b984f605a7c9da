import type { Attribute } from "./attributes.ts";
import { type PlaceName, placeNames, placePhrases } from "./backgrounds/place.ts";
import { type ClassName, classNames, vehicles } from "./class-names.ts";
import type { Random } from "./random.ts";

/** What a caption says, so that a reader can tell which other pictures it is true of as well. */
export interface Claims {
  readonly className: ClassName | null;
  readonly kind: "vehicle" | "animal" | null;
  readonly attributes: readonly Attribute[];
  readonly place: PlaceName | null;
}

/** A caption and its claims. */
export interface Caption {
  readonly text: string;
  readonly claims: Claims;
}

/** The facts of a picture that captions are made of. */
export interface Facts {
  readonly className: ClassName;
  readonly attributes: readonly Attribute[];
  readonly place: PlaceName;
}

/** The prompt templates; `{}` is the class or concept phrase. */
export const templates = [
  "a photo of {}",
  "a photo of a {}",
  "a picture of {}",
  "an image showing {}",
  "{}",
] as const;

/** How a caption names an attribute: as something had ("with wheels") or as a quality ("metallic"). */
export const attributePhrases: Readonly<
  Record<Attribute, { readonly form: "part" | "quality"; readonly phrase: string }>
> = {
  "long-snout": { form: "part", phrase: "long snout" },
  wings: { form: "part", phrase: "wings" },
  wheels: { form: "part", phrase: "wheels" },
  text: { form: "part", phrase: "text" },
  horns: { form: "part", phrase: "horns" },
  "floppy-ears": { form: "part", phrase: "floppy ears" },
  ears: { form: "part", phrase: "ears" },
  "colored-eyes": { form: "part", phrase: "colored eyes" },
  tail: { form: "part", phrase: "tail" },
  mane: { form: "part", phrase: "mane" },
  beak: { form: "part", phrase: "beak" },
  hairy: { form: "quality", phrase: "hairy" },
  metallic: { form: "quality", phrase: "metallic" },
  rectangular: { form: "quality", phrase: "rectangular" },
  wet: { form: "quality", phrase: "wet" },
  long: { form: "quality", phrase: "long" },
  tall: { form: "quality", phrase: "tall" },
  patterned: { form: "quality", phrase: "patterned" },
};

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i -= 1) {
    const j = random.integer(0, i);
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

function fill(random: Random, phrase: string): string {
  return random.pick(templates).replace("{}", phrase);
}

/** A bare prompt, as zero-shot questions are asked: one class, attribute, kind or place in a template. */
export function promptCaption(facts: Facts, random: Random): Caption {
  const none: Claims = { className: null, kind: null, attributes: [], place: null };
  const about = random.weighted({
    class: 0.4,
    attribute: facts.attributes.length > 0 ? 0.5 : 0,
    kind: 0.04,
    place: 0.06,
  });
  if (about === "class")
    return { text: fill(random, facts.className), claims: { ...none, className: facts.className } };
  if (about === "attribute") {
    const attribute = random.pick(facts.attributes);
    return {
      text: fill(random, attributePhrases[attribute].phrase),
      claims: { ...none, attributes: [attribute] },
    };
  }
  if (about === "kind") {
    const kind = vehicles.has(facts.className) ? "vehicle" : "animal";
    return { text: fill(random, kind), claims: { ...none, kind } };
  }
  return { text: fill(random, placePhrases[facts.place]), claims: { ...none, place: facts.place } };
}

/** A sentence about the picture: its class or only its kind, some of its attributes, perhaps the place. */
export function sentenceCaption(facts: Facts, random: Random): Caption {
  const told = shuffled(random, facts.attributes).slice(0, random.integer(0, 4));
  const qualities = told.filter((a) => attributePhrases[a].form === "quality");
  const parts = told.filter((a) => attributePhrases[a].form === "part");
  const named = random.weighted({ class: 0.66, kind: 0.1, something: 0.24 });
  const kind = named === "kind" ? (vehicles.has(facts.className) ? "vehicle" : "animal") : null;
  const noun = named === "class" ? facts.className : (kind ?? "");
  const adjectives = qualities
    .map((a) => attributePhrases[a].phrase)
    .join(random.chance(0.5) ? " and " : " ");
  let phrase = noun === "" ? `something ${adjectives}` : `a ${adjectives} ${noun}`;
  if (parts.length > 0) {
    const list = parts.map((a) =>
      ["tail", "mane", "beak", "long-snout"].includes(a)
        ? `a ${attributePhrases[a].phrase}`
        : attributePhrases[a].phrase,
    );
    phrase += ` ${random.pick(["with", "that has"])} ${list.join(" and ")}`;
  }
  const place = random.chance(0.22) ? facts.place : null;
  if (place !== null) phrase += ` ${placePhrases[place]}`;
  const opening = random.pick(["", "a photo of ", "a picture of ", "an image showing ", "this is "]);
  return {
    text: `${opening}${phrase}`.replace(/\s+/g, " ").trim(),
    claims: { className: named === "class" ? facts.className : null, kind, attributes: told, place },
  };
}

/** Splits a text into the words that the tokenizer sees. */
export function words(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

/** Every word that a caption, prompt or concept can hold, sorted. */
export function vocabulary(): string[] {
  const texts = [
    ...templates,
    ...classNames,
    ...Object.values(attributePhrases).map(({ phrase }) => phrase),
    ...placeNames.map((name) => `${name} ${placePhrases[name]}`),
    "something a an and with that has photo of picture image showing this is vehicle animal the in on no without",
  ];
  return [...new Set(texts.flatMap((text) => words(text)))].sort();
}
