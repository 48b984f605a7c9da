/** A SQL condition on the table alias `v`, with its parameters numbered from $1. */
export interface Condition {
  sql: string;
  parameters: unknown[];
}

/** Where verdicts come from. */
export interface Source extends Condition {
  /** The run's partition as `v`, and what the condition names besides; null for a run that has not succeeded. */
  from: string | null;
}
