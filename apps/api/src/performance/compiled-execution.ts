import { type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import { MapperKind, mapSchema } from "@graphql-tools/utils";
import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from "graphql";
import { type CompiledQuery, compileQuery, isCompiledQuery } from "graphql-jit";
import { isReadableProperty } from "../closed-by-default.ts";
import type { Context } from "../context.ts";
import { asksForSchema } from "../limits/admission.ts";
import { measureDocument } from "../limits/document-limits.ts";

/**
 * Largest document that is compiled, in selections with those of fragments: compiling takes up to 0.3 ms for each. The
 * dashboard's largest has 450.
 */
const mostCompiledSelections = 500;

/** One operation of a document that was asked for. */
interface Operation {
  executions: number;
  /** Null where it cannot be compiled, undefined before that was tried. */
  compiled?: CompiledQuery | null;
}

interface CompiledExecution {
  plugin: ApolloServerPlugin<Context>;
  /** Writes an answer as JSON. */
  stringifyResult: (result: object) => string;
}

/**
 * Executes operations as functions that graphql-jit compiles from them, and writes their answers as JSON likewise:
 * that takes a fraction of the time of walking over the document for each answer, and a report has thousands of
 * fields. Compiling takes some milliseconds, so an operation that is asked for once is left to graphql-js.
 *
 * Fields that only show a property are compiled to that, without the look at the token that the schema has them take
 * at each: it is taken once, before, and who does not hold READ is left to graphql-js.
 *
 * Measured (2 cores, the operations of `npm run bench api`, processor time of a whole request): a fault report takes
 * 3.5 instead of 4.7 ms, a page of verdicts 1.6 instead of 1.9 ms. With a look at the token at each property the report
 * takes 4.0 ms.
 *
 * Apollo Server takes an answer that a plugin has for an operation. (Its other door, a gateway with one schema,
 * makes hidden classes at every request, which hold the answer until the next full garbage collection.)
 *
 * @param interpreted how many executions of an operation come before it is compiled
 * @param shownErrors errors of an execution as the client may see them; Apollo does not look at them here
 */
export function compiledExecution(
  schema: GraphQLSchema,
  interpreted: number,
  shownErrors: (
    errors: readonly GraphQLError[],
    context: Context,
    operationName?: string,
  ) => GraphQLFormattedError[],
): CompiledExecution {
  const compilable = withBareProperties(schema);
  // Apollo keeps the documents of the last operations; what was compiled from one goes with it.
  const operations = new WeakMap<DocumentNode, Map<string | undefined, Operation>>();
  const stringifiers = new WeakMap<object, CompiledQuery["stringify"]>();

  const operationOf = (document: DocumentNode, name: string | undefined): Operation => {
    let byName = operations.get(document);
    if (!byName) {
      byName = new Map();
      operations.set(document, byName);
    }
    let operation = byName.get(name);
    if (!operation) {
      operation = { executions: 0 };
      byName.set(name, operation);
    }
    return operation;
  };

  const compiled = (document: DocumentNode, name: string | undefined): CompiledQuery | null => {
    const query = compileQuery(compilable, document, name, { customJSONSerializer: true });
    return isCompiledQuery(query) ? query : null;
  };

  const compiledFor = (document: DocumentNode, name: string | undefined): CompiledQuery | null => {
    const operation = operationOf(document, name);
    if (operation.executions++ < interpreted) return null;
    if (operation.compiled === undefined) {
      operation.compiled = isWorthCompiling(document) ? compiled(document, name) : null;
    }
    return operation.compiled;
  };

  const plugin: ApolloServerPlugin<Context> = {
    async requestDidStart() {
      return {
        async responseForOperation({ document, operation, contextValue, request }) {
          if (!operation || !contextValue.access.has("READ")) return null;
          const compiled = compiledFor(document, request.operationName);
          if (!compiled) return null;
          const result = await compiled.query(undefined, contextValue, request.variables ?? {});
          // Nothing was executed yet. Variables that the compiled code refuses are judged by graphql-js, which knows
          // of defaults in required input fields, and whose messages Apollo recognises as the client's fault.
          if (!("data" in result)) return null;
          const { data, errors } = result as ExecutionResult<Record<string, unknown>>;
          if (data && !errors) stringifiers.set(data, compiled.stringify);
          const shown =
            errors && shownErrors(errors.map(asGraphqlError), contextValue, request.operationName);
          return {
            http: { headers: new HeaderMap() },
            body: { kind: "single", singleResult: { data, ...(shown && { errors: shown }) } },
          };
        },
      };
    },
  };

  const stringifyResult = (result: object): string => {
    const { data } = result as ExecutionResult;
    const stringify = data && stringifiers.get(data);
    return stringify ? stringify(result) : JSON.stringify(result);
  };
  return { plugin, stringifyResult };
}

/** The schema for someone who holds READ: where that is all that a field asks for, and a property all it shows. */
function withBareProperties(schema: GraphQLSchema): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (field) =>
      isReadableProperty(field.resolve) ? { ...field, resolve: undefined } : undefined,
  });
}

/** Not what is large, and not the schema's description, which nobody asks for often. */
function isWorthCompiling(document: DocumentNode): boolean {
  return measureDocument(document).selections <= mostCompiledSelections && !asksForSchema(document);
}

/** Compiled code makes errors that look like GraphQLErrors but do not carry all that is read of them. */
function asGraphqlError({ message, path, originalError, extensions, locations }: GraphQLError): GraphQLError {
  return Object.assign(new GraphQLError(message, { path, originalError, extensions }), { locations });
}
