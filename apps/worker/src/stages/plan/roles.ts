import { permutation, random } from "@faultline/core";
import type { Split } from "@faultline/db";
import { ROLE, type Warning } from "@faultline/run";

/** The columns of a dataset's inputs that decide their roles; entry i is the input at position i. */
export interface InputColumns {
  readonly splits: readonly Split[];
  /** For attacked datasets: the position of the clean original in the clean dataset, -1 when there is none. */
  readonly cleanPositions: Int32Array;
}

export interface RoleOptions {
  readonly seed: number;
  readonly alignmentHeldOutShare: number;
}

export interface Roles {
  /** Of the dataset that alignment and calibration come from: the clean one, or the run's own. */
  readonly base: Uint8Array;
  /** Of the attacked dataset; undefined in clean runs. */
  readonly attacked: Uint8Array | undefined;
  readonly warnings: Warning[];
}

/** Share of the test split that stands in for a missing calibration split. */
const calibrationShareOfTest = 0.3;

/**
 * Gives every input its roles. Evaluated is the test split of the run's dataset; alignment and calibration come
 * from the base dataset. A missing split is replaced, with a warning, never silently.
 *
 * @param base the clean dataset @param attacked the attacked dataset, in attacked runs
 */
export function assignRoles(
  base: InputColumns,
  attacked: InputColumns | undefined,
  options: RoleOptions,
): Roles {
  const warnings: Roles["warnings"] = [];
  const baseRoles = new Uint8Array(base.splits.length);
  const positionsOf = (split: Split) => {
    const positions: number[] = [];
    for (const [position, held] of base.splits.entries()) if (held === split) positions.push(position);
    return Uint32Array.from(positions);
  };
  const mark = (positions: Iterable<number>, role: number) => {
    for (const position of positions) baseRoles[position] |= role;
  };

  let calibration = positionsOf("CALIBRATION");
  if (calibration.length === 0) {
    const test = positionsOf("TEST");
    const order = permutation(test.length, random(options.seed));
    calibration = Uint32Array.from(
      order.subarray(0, Math.round(calibrationShareOfTest * test.length)),
      (i) => test[i],
    ).sort();
    warnings.push({
      code: "NO_CALIBRATION_SPLIT",
      message: `The dataset has no calibration split: ${calibration.length} of its ${test.length} test inputs, drawn by the run's seed, calibrate instead and are not evaluated.`,
    });
  }
  mark(calibration, ROLE.CALIBRATION);

  let alignment = positionsOf("ALIGNMENT");
  if (alignment.length === 0) {
    alignment = calibration;
    warnings.push({
      code: "NO_ALIGNMENT_SPLIT",
      message: "The dataset has no alignment split: the images of the calibration inputs fit the alignment.",
    });
  }
  mark(alignment, ROLE.ALIGNMENT);
  const order = permutation(alignment.length, random(options.seed ^ 0x5eed));
  const heldOut = Math.floor(options.alignmentHeldOutShare * alignment.length);
  mark(
    Array.from(order.subarray(0, heldOut), (i) => alignment[i]),
    ROLE.HELD_OUT,
  );

  const isCalibration = (position: number) => (baseRoles[position] & ROLE.CALIBRATION) !== 0;
  if (!attacked) {
    mark(
      positionsOf("TEST").filter((position) => !isCalibration(position)),
      ROLE.EVALUATED,
    );
    return { base: baseRoles, attacked: undefined, warnings };
  }
  const attackedRoles = new Uint8Array(attacked.splits.length);
  for (const [position, split] of attacked.splits.entries()) {
    const clean = attacked.cleanPositions[position];
    // The attacked copy of a calibration input would be judged by what its own original taught.
    if (split !== "TEST" || (clean >= 0 && isCalibration(clean))) continue;
    attackedRoles[position] |= ROLE.EVALUATED;
    if (clean >= 0) baseRoles[clean] |= ROLE.COUNTERPART;
  }
  return { base: baseRoles, attacked: attackedRoles, warnings };
}
