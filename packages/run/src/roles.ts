/** What a run uses an input for: bits, because an input may have several uses. One byte an input is stored. */
export const ROLE = {
  /** Judged: in the report, with a verdict. */
  EVALUATED: 1,
  /** Sets the oracle's margins and the detector. */
  CALIBRATION: 2,
  /** Fits the alignment. */
  ALIGNMENT: 4,
  /** Of the alignment inputs, kept out of the fit to measure it. */
  HELD_OUT: 8,
  /** The clean original of an evaluated, attacked input. */
  COUNTERPART: 16,
} as const;
