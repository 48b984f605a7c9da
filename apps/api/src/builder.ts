import { getDatamodel, type PrismaTypes } from "@faultline/db";
import SchemaBuilder from "@pothos/core";
import ComplexityPlugin from "@pothos/plugin-complexity";
import DataloaderPlugin from "@pothos/plugin-dataloader";
import ErrorsPlugin from "@pothos/plugin-errors";
import PrismaPlugin from "@pothos/plugin-prisma";
import RelayPlugin, { resolveNodes } from "@pothos/plugin-relay";
import ScopeAuthPlugin, { type AuthFailure, AuthScopeFailureType } from "@pothos/plugin-scope-auth";
import { GraphQLError, type GraphQLField, getNamedType, getNullableType, isListType } from "graphql";
import { DateTimeISOResolver, JSONResolver } from "graphql-scalars";
import { loadWithinReach, nodesWithinReach } from "./access/reach.ts";
import { closedByDefault } from "./closed-by-default.ts";
import type { Context } from "./context.ts";
import { ForbiddenError, type Scope, UnauthenticatedError } from "./errors.ts";

/** Size of a page when `first` and `last` are left out, and the largest. */
export const defaultPageSize = 20;
export const maximumPageSize = 100;

/** What a value of any JSON costs: it may be as large as many fields. */
const jsonCost = 20;

interface BuilderTypes {
  Context: Context;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: false;
  DefaultNodeNullability: false;
  AuthScopes: { read: boolean; write: boolean; admin: boolean };
  Scalars: {
    ID: { Input: string; Output: string | number | bigint };
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
  };
}

/** The types of the builder with Pothos' defaults filled in, for functions that are given refs. */
export type Types = PothosSchemaTypes.ExtendDefaultTypes<BuilderTypes>;

export const builder = new SchemaBuilder<BuilderTypes>({
  // The first plugin wraps the others: failures of scopes become members of a mutation's result.
  plugins: [
    closedByDefault,
    RelayPlugin,
    ErrorsPlugin,
    ScopeAuthPlugin,
    ComplexityPlugin,
    PrismaPlugin,
    DataloaderPlugin,
  ],
  defaultFieldNullability: false,
  scopeAuth: {
    authScopes: ({ access }) => ({
      read: access.has("READ"),
      write: access.has("WRITE"),
      admin: access.has("ADMIN"),
    }),
    authorizeOnSubscribe: true,
    unauthorizedError: (_parent, { access }, _info, { failure }) => {
      if (!access.token) return new UnauthenticatedError();
      return new ForbiddenError(missingScope(failure));
    },
  },
  errors: {
    directResult: true,
    defaultUnionOptions: {
      description: "What was asked for, or why it could not be done.",
      name: ({ fieldName }) => `${fieldName[0].toUpperCase()}${fieldName.slice(1)}Result`,
    },
  },
  // What is declared here is counted in limits/operation-cost.ts, which knows of introspection too.
  complexity: {
    disabled: true,
    fieldComplexity: (args, _context, field) => ({
      field: getNamedType(field.type).name === "JSON" ? jsonCost : 1,
      multiplier: pageSize(args, field),
    }),
  },
  prisma: {
    client: ({ prisma }) => prisma,
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    filterConnectionTotalCount: true,
    maxConnectionSize: maximumPageSize,
    defaultConnectionSize: defaultPageSize,
    onUnusedQuery: null,
  },
  relay: {
    cursorType: "String",
    edgesFieldOptions: {
      nullable: false,
      description: "In the order of the connection.",
      ...property("edges"),
    },
    nodeFieldOptions: { nullable: false, description: "The item.", ...property("node") },
    cursorFieldOptions: { description: "Opaque; give it back as `after` or `before`." },
    pageInfoFieldOptions: { description: "What lies beyond this page.", ...property("pageInfo") },
    hasNextPageFieldOptions: { description: "Whether more items follow." },
    hasPreviousPageFieldOptions: { description: "Whether items precede." },
    startCursorFieldOptions: { description: "Cursor of the page's first item." },
    endCursorFieldOptions: { description: "Cursor of the page's last item." },
    pageInfoTypeOptions: { description: "Where a page lies in its connection." },
    firstArgOptions: {
      description: `Size of the page from the front; ${defaultPageSize} by default, at most ${maximumPageSize}.`,
    },
    afterArgOptions: { description: "Only items after this cursor." },
    lastArgOptions: { description: `Size of the page from the back; at most ${maximumPageSize}.` },
    beforeArgOptions: { description: "Only items before this cursor." },
    idFieldOptions: { description: "Globally unique; opaque." },
    nodeTypeOptions: { description: "Everything that has a global id." },
    nodeQueryOptions: {
      description: "Any node by its global id; null outside of the projects that this token reaches.",
      args: { id: { description: "A global id." } },
      resolve: (_root, { id }, context, _info, load) => loadWithinReach(context, id, load),
    },
    nodesQueryOptions: {
      description: "Several nodes, in the order of the ids; null where there is none within reach.",
      args: { ids: { description: `At most ${maximumPageSize} global ids.` } },
      // Costs are judged before arguments are: it may be no list yet.
      complexity: ({ ids }) => ({ field: 1, multiplier: Array.isArray(ids) ? ids.length : 1 }),
      resolve: async (_root, { ids }, context, info): Promise<unknown[]> => {
        if (ids.length > maximumPageSize)
          throw new GraphQLError(`At most ${maximumPageSize} ids at once; got ${ids.length}.`, {
            extensions: { code: "BAD_USER_INPUT" },
          });
        const reachable = await nodesWithinReach(context, ids);
        const within = ids.filter((id) => reachable.has(`${id.typename}:${id.id}`));
        // Not by the function that Pothos hands in: it loads all that was asked for, whatever it is given.
        const loaded: unknown[] = await resolveNodes(builder, context, info, within);
        const nodes = new Map(within.map((id, i) => [id, loaded[i]]));
        return ids.map((id) => nodes.get(id) ?? null);
      },
    },
    defaultConnectionTypeOptions: {},
    defaultEdgeTypeOptions: {},
  },
});

/** Has a field that Pothos makes show the property of its name, as `t.expose` does. */
function property(name: string) {
  return { extensions: { pothosExposedField: name } };
}

/** The scope behind a refusal; the highest where none is told. */
function missingScope(failure: AuthFailure): Scope {
  if (failure.kind === AuthScopeFailureType.AuthScope) return failure.scope.toUpperCase() as Scope;
  return "failures" in failure && failure.failures.length > 0 ? missingScope(failure.failures[0]) : "ADMIN";
}

/** What the cost of a field's selection counts for: the size of its page; 5 for a list without one. */
function pageSize(args: Record<string, unknown>, field: GraphQLField<unknown, Context>): number {
  const paged = field.args.some(({ name }) => name === "first");
  const wanted = args.first ?? args.last;
  if (paged)
    return Math.min(typeof wanted === "number" ? Math.max(wanted, 1) : defaultPageSize, maximumPageSize);
  return isListType(getNullableType(field.type)) && field.name !== "edges" ? 5 : 1;
}

builder.addScalarType("DateTime", DateTimeISOResolver, {
  description: "An exact moment in RFC 3339, UTC.",
});
builder.addScalarType("JSON", JSONResolver, { description: "Any JSON value." });

builder.queryType({ description: "Everything that can be read." });
builder.mutationType({
  description: "Everything that can be changed. Expected failures are members of each result.",
});
builder.subscriptionType({ description: "What can be watched; served at /graphql/stream." });
