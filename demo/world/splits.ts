import { type ClassName, classNames } from "./class-names.ts";
import { createRandom } from "./random.ts";

/** The shipped splits and how many pictures of each class they hold. */
export const splitSizes = { alignment: 200, calibration: 250, test: 150 } as const;

/** The name of a shipped split. */
export type SplitName = keyof typeof splitSizes;

/** A picture of a shipped split: its id does not tell its class. */
export interface SplitEntry {
  readonly id: string;
  readonly split: SplitName;
  readonly className: ClassName;
  readonly seed: string;
}

/** The pictures of a split in order of id, classes mixed. */
export function splitEntries(split: SplitName): SplitEntry[] {
  const random = createRandom("split", split);
  const classes = classNames.flatMap((className) =>
    Array.from({ length: splitSizes[split] }, () => className),
  );
  return classes
    .map((className) => ({ className, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ className }, i) => ({
      id: `${split}-${String(i).padStart(4, "0")}`,
      split,
      className,
      seed: `${split}/${String(i)}`,
    }));
}

/** Where a picture lies in its archive: the alignment split carries no labels. */
export function archivePath(entry: SplitEntry): string {
  return `${entry.split}/${entry.split === "alignment" ? "unlabelled" : entry.className}/${entry.id}.png`;
}
