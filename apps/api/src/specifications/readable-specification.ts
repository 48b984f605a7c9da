import { InvalidInputError, SpecificationSyntaxError } from "@faultline/core";
import { ValidationError } from "../errors.ts";

/**
 * Reads a specification, and turns what core says about its text into an issue of the argument that holds it.
 *
 * @throws ValidationError, with the position where the text cannot be read
 */
export function readableSpecification<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const { problem, remedy } = error;
    const message = `${problem.charAt(0).toUpperCase()}${problem.slice(1)}. ${remedy}`;
    const position = error instanceof SpecificationSyntaxError ? error.position : undefined;
    throw new ValidationError([{ field, message, position }]);
  }
}
