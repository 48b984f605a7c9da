import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  type PothosTypeConfig,
  type SchemaTypes,
} from "@pothos/core";
import { defaultFieldResolver, type GraphQLFieldResolver } from "graphql";
import type { Context } from "./context.ts";

const pluginName = "closedByDefault";

declare global {
  export namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      closedByDefault: ClosedByDefaultPlugin<Types>;
    }
  }
}

/** Resolvers that ask for READ and show the property of their field's name; they do nothing else. */
const propertyResolvers = new WeakSet<object>();

/** Whether READ is all that a field of the schema asks for, and a property of its object all that it shows. */
export function isReadableProperty(resolve: object | null | undefined): boolean {
  return resolve != null && propertyResolvers.has(resolve);
}

/**
 * Every field asks for a scope, also one that someone forgot to guard: it is closed, not open. Mutations ask for WRITE
 * and subscriptions for READ through the scope-auth plugin, which makes refusals members of a mutation's result.
 * All other fields ask for READ here, by a look at the token. `authScopes` may ask for more; `skipTypeScopes` opens a
 * field, but none of those below it.
 */
export class ClosedByDefaultPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onTypeConfig(config: PothosTypeConfig): PothosTypeConfig {
    if (config.graphqlKind !== "Object" || !asksByPlugin(config.kind) || config.pothosOptions.authScopes)
      return config;
    const authScopes = config.kind === "Mutation" ? { write: true } : { read: true };
    return { ...config, pothosOptions: { ...config.pothosOptions, authScopes } } as PothosTypeConfig;
  }

  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    { kind, pothosOptions }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (kind === "Mutation")
      return (parent, args, context, info) => {
        (context as Context).signal.throwIfAborted();
        return resolve(parent, args, context, info);
      };
    if (asksByPlugin(kind) || (pothosOptions as { skipTypeScopes?: boolean }).skipTypeScopes) return resolve;
    const guarded: typeof resolve = (parent, args, context, info) => {
      (context as Context).signal.throwIfAborted();
      (context as Context).access.require("READ");
      return resolve(parent, args, context, info);
    };
    if (resolve === defaultFieldResolver) propertyResolvers.add(guarded);
    return guarded;
  }
}

function asksByPlugin(kind: string): boolean {
  return kind === "Mutation" || kind === "Subscription";
}

SchemaBuilder.registerPlugin(pluginName, ClosedByDefaultPlugin);

export { pluginName as closedByDefault };
