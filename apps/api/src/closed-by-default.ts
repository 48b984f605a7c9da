import SchemaBuilder, { BasePlugin, type PothosTypeConfig, type SchemaTypes } from "@pothos/core";

const pluginName = "closedByDefault";

declare global {
  export namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      closedByDefault: ClosedByDefaultPlugin<Types>;
    }
  }
}

/**
 * Every object type that says nothing about access asks for the scope READ, the mutations for WRITE: a field
 * that someone forgets to guard is closed, not open.
 */
export class ClosedByDefaultPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onTypeConfig(config: PothosTypeConfig): PothosTypeConfig {
    if (config.graphqlKind !== "Object" || config.pothosOptions.authScopes) return config;
    const authScopes = config.kind === "Mutation" ? { write: true } : { read: true };
    return { ...config, pothosOptions: { ...config.pothosOptions, authScopes } } as PothosTypeConfig;
  }
}

SchemaBuilder.registerPlugin(pluginName, ClosedByDefaultPlugin);

export { pluginName as closedByDefault };
