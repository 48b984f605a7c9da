import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  type PothosTypeConfig,
  type SchemaTypes,
} from "@pothos/core";
import type { GraphQLFieldResolver } from "graphql";
import type { Context } from "./context.ts";

const pluginName = "closedByDefault";

declare global {
  export namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      closedByDefault: ClosedByDefaultPlugin<Types>;
    }
  }
}

/**
 * Every field asks for a scope, also one that someone forgot to guard: it is closed, not open. Queries and
 * subscriptions ask for READ and mutations for WRITE through the scope-auth plugin, which makes refusals members
 * of a mutation's result; types may ask for more there. All other fields are guarded here, by a look at the
 * token: an answer has thousands of them.
 */
export class ClosedByDefaultPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onTypeConfig(config: PothosTypeConfig): PothosTypeConfig {
    if (config.graphqlKind !== "Object" || !isRoot(config.kind) || config.pothosOptions.authScopes)
      return config;
    const authScopes = config.kind === "Mutation" ? { write: true } : { read: true };
    return { ...config, pothosOptions: { ...config.pothosOptions, authScopes } } as PothosTypeConfig;
  }

  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    { kind }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (isRoot(kind)) return resolve;
    return (parent, args, context, info) => {
      (context as Context).access.require("READ");
      return resolve(parent, args, context, info);
    };
  }
}

function isRoot(kind: string): boolean {
  return kind === "Query" || kind === "Mutation" || kind === "Subscription";
}

SchemaBuilder.registerPlugin(pluginName, ClosedByDefaultPlugin);

export { pluginName as closedByDefault };
