import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";

/**
 * What a document may hold before anything looks at it that takes more than linear time: validation compares fields
 * of one name pairwise, and expands fragments within fragments. The largest operation of the dashboard has 500 tokens,
 * 450 selections and 25 pairs.
 */
export const documentLimits = {
  /** Words and signs. */
  tokens: 2000,
  /** Operations and fragments. */
  definitions: 60,
  /** Fields, spreads and inline fragments of all definitions, every spread counted with what it stands for. */
  selections: 2000,
  /** Selections within selections, spreads among them. */
  nesting: 32,
  /** Pairs of fields that share a place in the answer, which validation must compare. */
  pairs: 1000,
  /** Fields at the top of one operation. */
  rootFields: 50,
  /** Lists and objects within another in a literal. */
  valueNesting: 20,
} as const;

export type DocumentLimit = keyof typeof documentLimits;

/** A document's or an operation's size against a limit. Shown to the client as QUERY_TOO_LARGE. */
export function tooLarge(limit: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "QUERY_TOO_LARGE", limit, http: { status: 400 } } });
}

/** A document's size in what {@link documentLimits} bounds, but for the tokens, which the parser counts. */
export type DocumentSize = Record<Exclude<DocumentLimit, "tokens">, number>;

/**
 * Measures a document in time that is linear in the limits, whatever its fragments are.
 *
 * @throws GraphQLError QUERY_TOO_LARGE naming the limit and its number; GRAPHQL_VALIDATION_FAILED for a fragment
 *   that spreads itself
 */
export function measureDocument(document: DocumentNode): DocumentSize {
  const size: DocumentSize = {
    definitions: document.definitions.length,
    selections: 0,
    nesting: 0,
    pairs: 0,
    rootFields: 0,
    valueNesting: 0,
  };
  const raise = (limit: keyof DocumentSize, value: number) => {
    size[limit] = Math.max(size[limit], value);
    if (size[limit] > documentLimits[limit])
      throw tooLarge(
        limit,
        `The query is too large: more than ${documentLimits[limit]} ${words[limit]}. Ask for less at once.`,
      );
  };
  raise("definitions", size.definitions);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);

  const extents = new Map<SelectionSetNode, Extent>();
  const open = new Set<SelectionSetNode>();
  const extentOf = (set: SelectionSetNode): Extent => {
    const known = extents.get(set);
    if (known) return known;
    if (open.has(set)) throw cyclic();
    open.add(set);
    raise("nesting", open.size);
    const extent = { selections: 0, nesting: 1 };
    for (const selection of set.selections) {
      extent.selections++;
      for (const { value } of ("arguments" in selection && selection.arguments) || [])
        raise("valueNesting", valueNesting(value, documentLimits.valueNesting));
      const below =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? fragments.get(selection.name.value)?.selectionSet
          : selection.selectionSet;
      if (!below) continue;
      const { selections, nesting } = extentOf(below);
      extent.selections += selections;
      extent.nesting = Math.max(extent.nesting, nesting + 1);
      // Fragments that double each other stop here, after a dozen steps and not after 2^100.
      raise("selections", extent.selections);
      raise("nesting", extent.nesting);
    }
    open.delete(set);
    extents.set(set, extent);
    return extent;
  };

  let selections = 0;
  for (const definition of document.definitions) {
    if (!("selectionSet" in definition)) continue;
    selections += extentOf(definition.selectionSet).selections;
    raise("selections", selections);
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const { defaultValue } of definition.variableDefinitions ?? [])
      if (defaultValue) raise("valueNesting", valueNesting(defaultValue, documentLimits.valueNesting));
  }

  let pairs = 0;
  const mergePairs = (sets: readonly SelectionSetNode[]): number => {
    const fields = mergedFields(sets, fragments);
    for (const alike of fields.values()) {
      pairs += (alike.length * (alike.length - 1)) / 2;
      raise("pairs", pairs);
      const below = alike.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (below.length > 0) mergePairs(below);
    }
    return fields.size;
  };
  for (const definition of document.definitions) {
    if (!("selectionSet" in definition)) continue;
    const fields = mergePairs([definition.selectionSet]);
    if (definition.kind === Kind.OPERATION_DEFINITION) raise("rootFields", fields);
  }
  return size;
}

interface Extent {
  selections: number;
  nesting: number;
}

const words: Record<keyof DocumentSize, string> = {
  definitions: "operations and fragments",
  selections: "fields, with those of fragments",
  nesting: "levels of selections",
  pairs: "pairs of fields of one name in one place",
  rootFields: "fields at the top of an operation",
  valueNesting: "levels of lists and objects in an argument",
};

/** The fields of selections that are one place of the answer, by the name that they have there. */
function mergedFields(
  sets: readonly SelectionSetNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): Map<string, FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const spread = new Set<string>();
  const add = (set: SelectionSetNode) => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        const alike = fields.get(key);
        if (alike) alike.push(selection);
        else fields.set(key, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) add(selection.selectionSet);
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment) add(fragment.selectionSet);
      }
    }
  };
  for (const set of sets) add(set);
  return fields;
}

/** Levels of lists and objects; stops one above the limit. */
function valueNesting(value: ValueNode, limit: number): number {
  if (value.kind !== Kind.LIST && value.kind !== Kind.OBJECT) return 0;
  if (limit < 0) return 1;
  const inner = value.kind === Kind.LIST ? value.values : value.fields.map((field) => field.value);
  let deepest = 0;
  for (const one of inner) deepest = Math.max(deepest, valueNesting(one, limit - 1));
  return deepest + 1;
}

function cyclic(): GraphQLError {
  return new GraphQLError("A fragment spreads itself. Remove the cycle.", {
    extensions: { code: "GRAPHQL_VALIDATION_FAILED", http: { status: 400 } },
  });
}
