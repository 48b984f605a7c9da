import type { ApolloServerOptions } from "@apollo/server";
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLSchema,
} from "graphql";
import { type CompiledQuery, compileQuery, isCompiledQuery } from "graphql-jit";
import type { Context } from "./context.ts";

type Gateway = NonNullable<ApolloServerOptions<Context>["gateway"]>;
type Executor = NonNullable<Awaited<ReturnType<Gateway["load"]>>["executor"]>;
type Execution = Parameters<Executor>[0];

/** One operation of a document that was asked for. */
interface Operation {
  executions: number;
  /** Null where it cannot be compiled, undefined before that was tried. */
  compiled?: CompiledQuery | null;
}

/**
 * Executes operations as functions that graphql-jit compiles from them, and writes their answers as JSON likewise:
 * that takes a fraction of the time of walking over the document for each answer, and a report has thousands of
 * fields. Compiling takes some milliseconds, so an operation that is asked for once is left to graphql-js.
 *
 * @param interpreted how many executions of an operation come before it is compiled
 * @returns options of Apollo Server, which leaves execution to a gateway alone: this is one with a single schema
 */
export function compiledExecution(
  schema: GraphQLSchema,
  interpreted: number,
): Required<Pick<ApolloServerOptions<Context>, "gateway" | "stringifyResult">> {
  // Apollo keeps the documents of the last operations; what was compiled from one goes with it.
  const operations = new WeakMap<DocumentNode, Map<string | undefined, Operation>>();
  const stringifiers = new WeakMap<object, CompiledQuery["stringify"]>();

  const compiledFor = ({ document, request: { operationName } }: Execution): CompiledQuery | null => {
    const byName = operations.get(document) ?? new Map<string | undefined, Operation>();
    operations.set(document, byName);
    const operation = byName.get(operationName) ?? { executions: 0 };
    byName.set(operationName, operation);
    if (operation.executions++ < interpreted) return null;
    if (operation.compiled === undefined) {
      const query = compileQuery(schema, document, operationName, { customJSONSerializer: true });
      operation.compiled = isCompiledQuery(query) ? query : null;
    }
    return operation.compiled;
  };

  const executor: Executor = async (execution) => {
    const { document, context, request } = execution;
    const compiled = compiledFor(execution);
    const result = await compiled?.query(undefined, context, request.variables ?? {});
    if (compiled && result && "data" in result) {
      if (result.data && !result.errors) stringifiers.set(result.data, compiled.stringify);
      return withGraphqlErrors(result);
    }
    // Nothing was executed yet. Variables that the compiled code refuses are judged by graphql-js, which knows of
    // defaults in required input fields, and whose messages Apollo recognises as the client's fault.
    return execute({
      schema,
      document,
      contextValue: context,
      variableValues: request.variables,
      operationName: request.operationName,
    }) as ReturnType<Executor>;
  };

  return {
    gateway: {
      load: async () => ({ executor }),
      onSchemaLoadOrUpdate: (callback) => {
        callback({ apiSchema: schema, coreSupergraphSdl: "" });
        return () => undefined;
      },
      stop: async () => undefined,
    },
    stringifyResult: (result: FormattedExecutionResult) => {
      const stringify = result.data && stringifiers.get(result.data);
      return stringify ? stringify(result) : JSON.stringify(result);
    },
  };
}

/** Compiled code makes errors that look like GraphQLErrors but do not carry all that Apollo reads of them. */
function withGraphqlErrors({ data, errors }: ExecutionResult): Awaited<ReturnType<Executor>> {
  return {
    data: data as Record<string, unknown> | null,
    ...(errors && {
      errors: errors.map(({ message, path, originalError, extensions, locations }) =>
        Object.assign(new GraphQLError(message, { path, originalError, extensions }), { locations }),
      ),
    }),
  };
}
