import { briefly, type TextPosition } from "@faultline/core";
import { GraphQLError } from "graphql";
import type { z } from "zod";

/** One wrong argument: the path of its field, as `input.classes.3`, and what to do about it. */
export interface ValidationIssue {
  field: string;
  message: string;
  /** Where in the argument's text: `offset` in UTF-16 code units from 0, line and column from 1. */
  position?: TextPosition;
}

/** What an answer tells at most of a wrong argument; names from it are cut, too. */
const mostIssues = 20;

/** Some argument is wrong. A member of every mutation's result; REST answers it with 400. */
export class ValidationError extends Error {
  override readonly name = "ValidationError";
  readonly issues: ValidationIssue[];

  constructor(issues: readonly ValidationIssue[]) {
    const shown = issues.slice(0, mostIssues).map((issue) => ({
      ...issue,
      field: briefly(issue.field, 200),
      message: briefly(issue.message),
    }));
    const more = issues.length - shown.length;
    if (more > 0) shown.push({ field: shown[0].field, message: `There are ${more} more, not shown here.` });
    super(briefly(shown.map(sentence).join("; "), 2000));
    this.issues = shown;
  }

  static of(field: string, message: string): ValidationError {
    return new ValidationError([{ field, message }]);
  }
}

function sentence({ field, message, position }: ValidationIssue): string {
  const place = position ? `, line ${position.line}, column ${position.column}` : "";
  return `${field}${place}: ${message}`;
}

/** There is no such thing in the projects that the token reaches. REST answers it with 404. */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(briefly(message));
  }
}

/** Something with this name exists already, or is in a state that forbids the change. REST: 409. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
  constructor(
    readonly field: string,
    message: string,
    /** Global id of what is in the way. */
    readonly existingId: string | null = null,
  ) {
    super(briefly(message));
  }
}

/** Nodes of one kind that depend on another node. */
export interface Dependents {
  /** Their type in the schema, as `Run`. */
  kind: string;
  count: number;
  /** Names of the newest, five at most. */
  examples: string[];
}

/** Others depend on what was to be deleted. */
export class DependentsError extends Error {
  override readonly name = "DependentsError";
  constructor(readonly dependents: Dependents[]) {
    const counts = dependents.map(({ kind, count }) => `${count} ${kind}`).join(", ");
    super(`Others depend on it: ${counts}. Delete them first, or with it (withDependents: true).`);
  }
}

export type Scope = "READ" | "WRITE" | "ADMIN";

/** The token lacks a scope. REST: 403. */
export class ForbiddenError extends Error {
  override readonly name = "ForbiddenError";
  constructor(readonly requiredScope: Scope) {
    super(`This needs a token with the scope ${requiredScope}.`);
  }
}

/** There is no valid token: always a top-level error, never a member of a result. REST: 401. */
export class UnauthenticatedError extends GraphQLError {
  constructor(
    message = "This needs an API token: send `Authorization: Bearer flt_...`, or sign in at POST /session.",
  ) {
    super(message, { extensions: { code: "UNAUTHENTICATED" } });
  }
}

/** Too much of this is under way: always a top-level error, to be tried again. REST: 503 with `retry-after`. */
export class BusyError extends GraphQLError {
  /** Seconds after which to try again. */
  readonly retryAfter = 10;

  constructor(message: string) {
    super(message, { extensions: { code: "BUSY" } });
  }
}

/** Parses an argument with a zod schema. @throws ValidationError whose fields begin with `path` */
export function parse<S extends z.ZodType>(schema: S, value: unknown, path: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ValidationError(
    result.error.issues.map((issue) => ({
      field: [path, ...issue.path.map(String)].join("."),
      message: issue.message,
    })),
  );
}

/** A document that does not fit the schema: all that is wrong with it. REST and the stream: 400. */
export class InvalidOperation extends Error {
  override readonly name = "InvalidOperation";
  constructor(readonly errors: readonly GraphQLError[]) {
    super(errors.map(({ message }) => message).join(" "));
  }
}
