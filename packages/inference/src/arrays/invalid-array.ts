import { InvalidInputError } from "../invalid-input.ts";

/** An uploaded array that is damaged, of another shape or type than needed, or not finite. */
export class InvalidArrayError extends InvalidInputError {}
