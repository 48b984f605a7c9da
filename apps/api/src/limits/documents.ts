import { type DocumentNode, GraphQLError, Kind, parse, visit } from "graphql";
import { LRUCache } from "lru-cache";
import { documentLimits, measureDocument, tooLarge } from "./document-limits.ts";
import { unusableCharacter, unusableText } from "./text.ts";

/** Longest text of an operation with its fragments, in characters; the dashboard's longest has 5,000. */
export const longestSource = 65_536;

/** Reads the text of operations within {@link documentLimits}; remembers those that were read lately. */
export class Documents {
  readonly #read = new LRUCache<string, DocumentNode>({ max: 500 });

  /**
   * The document, parsed and measured but not validated.
   *
   * @throws GraphQLError GRAPHQL_PARSE_FAILED, QUERY_TOO_LARGE, BAD_USER_INPUT
   */
  read(source: string): DocumentNode {
    const known = this.#read.get(source);
    if (known) return known;
    if (source.length > longestSource)
      throw tooLarge(
        "SOURCE",
        `The query is too large: ${source.length} characters, at most ${longestSource}.`,
      );
    const document = parsed(source);
    measureDocument(document);
    checkLiterals(document);
    this.#read.set(source, document);
    return document;
  }
}

function parsed(source: string): DocumentNode {
  try {
    return parse(source, { maxTokens: documentLimits.tokens });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge("nesting", "The query is nested too deeply.");
    if (!(error instanceof GraphQLError)) throw error;
    // The parser has no error of its own for it.
    if (error.message.includes("Parsing aborted"))
      throw tooLarge(
        "tokens",
        `The query is too large: more than ${documentLimits.tokens} words and signs. Ask for less at once.`,
      );
    throw new GraphQLError(error.message, {
      source: error.source,
      positions: error.positions,
      extensions: { code: "GRAPHQL_PARSE_FAILED", http: { status: 400 } },
    });
  }
}

/** Texts that are written into the document itself. */
function checkLiterals(document: DocumentNode): void {
  visit(document, {
    StringValue: ({ value }, _key, parent, _path, ancestors) => {
      const character = unusableCharacter(value);
      if (character === null) return;
      const names = [...ancestors, ...(parent ? [parent] : [])].flatMap((node) =>
        "kind" in node && (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD)
          ? [node.name.value]
          : [],
      );
      throw unusableText(names.join(".") || "query", character);
    },
  });
}
