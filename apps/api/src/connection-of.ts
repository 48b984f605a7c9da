import type { ObjectRef } from "@pothos/core";
import { builder, type Types } from "./builder.ts";

/** What the Prisma plugin puts into a connection whose `totalCount` is on. */
interface Counted {
  totalCount?: number | (() => Promise<number>);
}

/**
 * The connection and edge types of a node type: one pair, declared beside the type, wherever in the schema such a page
 * appears.
 */
export function connectionOf<Shape>(name: string, type: ObjectRef<Types, Shape>) {
  const edge = builder.edgeObject({ name: `${name}Edge`, type, description: `A ${name} in its connection.` });
  const connection = builder.connectionObject(
    {
      name: `${name}Connection`,
      type,
      description: `A page of ${name} items.`,
      fields: (t) => ({
        totalCount: t.int({
          description: "Items on all pages.",
          resolve: (page) => {
            const { totalCount } = page as Counted;
            return typeof totalCount === "function" ? totalCount() : (totalCount ?? 0);
          },
        }),
      }),
    },
    edge,
  );
  return [connection, edge] as const;
}
