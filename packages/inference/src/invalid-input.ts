import { problemMessage } from "@faultline/core";

/**
 * Something that a user handed in (a model, an image, an array, an archive) cannot be used as it is.
 *
 * `field` names the part of the input at fault ("head", "preprocessing.width", "embeddings.npy"), `remedy` says
 * what to do; both are fit to be shown to the user, and the message is never longer
 * than 500 characters. Every typed error of this package extends it.
 */
export class InvalidInputError extends Error {
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(field: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(problemMessage(field, problem, remedy), options);
    this.name = new.target.name;
    this.field = field;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** The message of anything that was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
