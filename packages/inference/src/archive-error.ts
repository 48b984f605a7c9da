import { InvalidInputError } from "./invalid-input.ts";

/** An uploaded data set archive that is damaged, hostile, too large, or not in ImageFolder layout. */
export class InvalidArchiveError extends InvalidInputError {
  constructor(problem: string, remedy: string, options?: ErrorOptions) {
    super("archive", problem, remedy, options);
  }
}
