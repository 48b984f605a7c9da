import { graphql } from "./graphql.ts";

/** What every failure of a mutation tells: the message, and where there is one the field. */
export const failures = graphql(`
  fragment Failures on Error @_unmask {
    message
    ... on ValidationError { issues { field message } }
    ... on NotFoundError { field }
    ... on ConflictError { field }
  }
`);
