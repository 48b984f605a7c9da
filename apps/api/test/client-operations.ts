import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type DefinitionNode, type DocumentNode, Kind, parse, print, visit } from "graphql";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const sources = ["apps/web/src", "apps/cli/src", "examples", "demo"];

export interface ClientOperation {
  name: string;
  /** The operation with the fragments that it needs, as it is sent. */
  source: string;
}

/** Every operation of the dashboard, the command line and the examples, read from their sources. */
export function clientOperations(): ClientOperation[] {
  const definitions = sources.flatMap((folder) => files(path.join(root, folder)).flatMap(definitionsOf));
  const fragments = new Map(
    definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
  return definitions.flatMap((operation) => {
    if (operation.kind !== Kind.OPERATION_DEFINITION) return [];
    const needed = new Set<DefinitionNode>([operation]);
    // A set is walked in the order in which it grows.
    for (const definition of needed)
      visit(definition, {
        FragmentSpread: ({ name }) => {
          const fragment = fragments.get(name.value);
          if (!fragment) throw new Error(`No source has the fragment ${name.value}`);
          needed.add(fragment);
        },
      });
    const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [...needed] };
    // gql.tada's own directives are not sent.
    const sent = visit(document, {
      Directive: ({ name }) => (name.value.startsWith("_") ? null : undefined),
    });
    return [{ name: operation.name?.value ?? "anonymous", source: print(sent) }];
  });
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(graphql|tsx?)$/.test(file) && !file.includes("node_modules"))
    .map((file) => path.join(folder, file));
}

function definitionsOf(file: string): readonly DefinitionNode[] {
  const text = readFileSync(file, "utf8");
  if (file.endsWith(".graphql")) return parse(text).definitions;
  const literals = text.matchAll(
    /`\s*((?:query|mutation|subscription|fragment)\b[^`$]*(?:\$[^`{][^`$]*)*)`/g,
  );
  return [...literals].flatMap(([, literal]) => parse(literal).definitions);
}
