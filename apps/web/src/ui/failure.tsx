"use client";

import Link from "next/link";
import { usePathname, useSearchParams } from "next/navigation";
import type { CombinedError } from "urql";
import { graphql, type ResultOf } from "../graphql.ts";
import { ErrorNotice, plainMessage } from "./page-states.tsx";

export const failureFragment = graphql(`
  fragment Failure on Error @_unmask {
    message
    ... on ValidationError { issues { field message position { line column } } }
    ... on NotFoundError { field }
    ... on ConflictError { field }
    ... on ForbiddenError { requiredScope }
  }
`);

type ApiFailure = ResultOf<typeof failureFragment>;

/** Why a mutation did nothing: what concerns a field of its form, and what concerns none. */
export type Failure = {
  readonly issues: readonly { readonly field: string; readonly message: string }[];
  readonly message: string | null;
  readonly needsScope: boolean;
};

/** The failure in what a mutation answered; null when it succeeded. `input.` in front of fields goes away. */
export function failureOf(
  result: { __typename: string } | ApiFailure | undefined,
  error: CombinedError | undefined,
): Failure | null {
  if (error) return { issues: [], message: plainMessage(error), needsScope: false };
  if (!result || !("message" in result)) return null;
  const bare = (field: string) => field.replace(/^input\./, "");
  if ("issues" in result)
    return {
      issues: result.issues.map(({ field, message, position }) => ({
        field: bare(field),
        message: position ? `Line ${position.line}, column ${position.column}: ${message}` : message,
      })),
      message: result.issues.length === 0 ? result.message : null,
      needsScope: false,
    };
  if ("field" in result)
    return {
      issues: [{ field: bare(result.field), message: result.message }],
      message: null,
      needsScope: false,
    };
  return { issues: [], message: result.message, needsScope: "requiredScope" in result };
}

/** What is wrong with one field (or a part of it, as `phrases.3`), below that field. */
export function FieldIssues({ failure, field, id }: { failure: Failure | null; field: string; id?: string }) {
  const issues = failure?.issues.filter((issue) => concerns(issue.field, field)) ?? [];
  if (issues.length === 0) return null;
  return (
    <ul id={id} role="alert" className="grid gap-0.5 text-sm text-defect">
      {issues.map((issue) => (
        <li key={issue.field + issue.message}>{issue.message}</li>
      ))}
    </ul>
  );
}

/** What concerns none of the named fields. */
export function FailureNotice({
  failure,
  title,
  fields,
}: {
  failure: Failure | null;
  title: string;
  /** Fields whose issues are shown elsewhere. */
  fields: readonly string[];
}) {
  const path = usePathname();
  const query = useSearchParams().toString();
  if (!failure) return null;
  const rest = failure.issues.filter((issue) => !fields.some((field) => concerns(issue.field, field)));
  const message = [failure.message, ...rest.map((issue) => `${issue.field}: ${issue.message}`)]
    .filter((part) => part !== null)
    .join(" ");
  if (message === "") return null;
  return (
    <div className="grid gap-1.5">
      <ErrorNotice title={title} message={message} />
      {failure.needsScope && (
        <Link
          href={`/sign-in?next=${encodeURIComponent(query ? `${path}?${query}` : path)}`}
          className="justify-self-start text-sm text-accent underline"
        >
          Sign in with another token
        </Link>
      )}
    </div>
  );
}

function concerns(issueField: string, field: string): boolean {
  return issueField === field || issueField.startsWith(`${field}.`);
}
