import { z } from "zod";

/** A name as people write it: 1 to 200 characters, no control characters, no blanks around it. */
export const name = z
  .string()
  .min(1, "Give a name.")
  .max(200, "Use at most 200 characters.")
  .refine((text) => !/\p{Cc}/u.test(text), "Remove the control characters.")
  .refine((text) => text === text.trim(), "Remove the blanks around it.");

interface ListBounds {
  min: number;
  tooFew: string;
  max: number;
  tooMany: string;
}

/** A list whose length is checked before its items are: a million of them cost nothing. */
export function list<Item extends z.ZodType>(item: Item, { min, tooFew, max, tooMany }: ListBounds) {
  return z
    .custom<unknown[]>(Array.isArray, "Give a list.")
    .refine(({ length }) => length >= min, tooFew)
    .refine(({ length }) => length <= max, tooMany)
    .pipe(z.array(item));
}

/** The classes of a model or dataset, in the order of the logits. */
export const classes = list(name, {
  min: 2,
  tooFew: "Name at least two classes.",
  max: 10_000,
  tooMany: "Name at most 10,000 classes.",
}).superRefine((list, context) => {
  const seen = new Map<string, number>();
  for (const [i, value] of list.entries()) {
    const first = seen.get(value);
    if (first !== undefined)
      context.addIssue({
        code: "custom",
        path: [i],
        message: `"${value}" is named twice (also at ${first}). Name each class once.`,
      });
    else seen.set(value, i);
  }
});

/** A sha256 as it names an upload. */
export const sha256 = z
  .string()
  .regex(
    /^[0-9a-f]{64}$/,
    "A sha256 has 64 lower-case hexadecimal digits: that of a file sent to PUT /uploads/<sha256>.",
  );

/** Free text beside a name. */
export const description = z.string().max(10_000, "Use at most 10,000 characters.");

const maximumDepth = 32;
const maximumValues = 65_536;

/** Looked at level by level, not by recursion, which depth could exhaust. */
function isModest(value: unknown): boolean {
  let values = 0;
  for (let level = [value], depth = 0; level.length > 0; depth++) {
    values += level.length;
    if (depth > maximumDepth || values > maximumValues) return false;
    level = level.flatMap((held) => (typeof held === "object" && held !== null ? Object.values(held) : []));
  }
  return true;
}

/** A JSON object of moderate size and depth. */
export const metadata = z
  .unknown()
  .refine(isModest, `Nest at most ${maximumDepth} deep, and use at most 64 KiB.`)
  .pipe(z.record(z.string(), z.json()))
  .refine((value) => JSON.stringify(value).length <= 65_536, "Use at most 64 KiB.");
