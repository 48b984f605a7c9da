import { briefly, someNames } from "@faultline/core";
import type { Split } from "@faultline/db";
import { DatasetFailure } from "./dataset-failure.ts";

const splitNames: Readonly<Record<string, Split>> = {
  alignment: "ALIGNMENT",
  train: "ALIGNMENT",
  calibration: "CALIBRATION",
  val: "CALIBRATION",
  validation: "CALIBRATION",
  test: "TEST",
};

/** Folder of unlabelled pictures, in the place of a class. */
const unlabelledFolder = "unlabelled";

/** The split of that name; TEST without one. @throws DatasetFailure naming the place `where` it is given */
export function splitOf(name: string | null, where: string): Split {
  if (name === null) return "TEST";
  const known = name.toLowerCase();
  if (!Object.hasOwn(splitNames, known))
    throw new DatasetFailure(
      `"${briefly(where, 120)}" lies in no known split: name the outer folder alignment, calibration or test (train and val are read as alignment and calibration).`,
    );
  return splitNames[known];
}

/**
 * Labels by their names, which are compared in Unicode's composed form: a Mac writes folders decomposed.
 *
 * @returns gives the label of a name, null for unlabelled ones; throws DatasetFailure for any other name
 */
export function labelsOf(classes: readonly string[]): (name: string, where: string) => number | null {
  const labels = new Map(classes.map((name, label) => [name.normalize("NFC"), label]));
  return (name, where) => {
    if (name === unlabelledFolder) return null;
    const label = labels.get(name.normalize("NFC"));
    if (label !== undefined) return label;
    throw new DatasetFailure(
      `"${briefly(where, 120)}": "${briefly(name, 60)}" is not a class of the dataset (${briefly(someNames(classes), 120)}). Rename the folder, or put unlabelled pictures into "${unlabelledFolder}".`,
    );
  };
}
