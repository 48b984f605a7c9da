// Random operations against a schema: mostly valid, some not.
import fc from "fast-check";
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
} from "graphql";

/** The operation's kind, and its document. */
export interface Operation {
  kind: "query" | "mutation" | "subscription";
  text: string;
}

const deepest = 5;
const widest = 4;

/**
 * Operations over the schema. They are read off a list of numbers, so that fast-check shrinks them: a shorter list or
 * smaller numbers are a smaller operation.
 *
 * @param ids global ids that exist, to be given where an ID is wanted
 */
export function operations(schema: GraphQLSchema, ids: readonly string[]): fc.Arbitrary<Operation> {
  return fc
    .array(fc.nat(0xffff), { minLength: 4, maxLength: 250, size: "max" })
    .map((numbers) => new Writer(schema, ids, numbers).operation());
}

class Writer {
  readonly #schema: GraphQLSchema;
  readonly #ids: readonly string[];
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(schema: GraphQLSchema, ids: readonly string[], numbers: readonly number[]) {
    this.#schema = schema;
    this.#ids = ids;
    this.#numbers = numbers;
  }

  operation(): Operation {
    const kind = this.#one([
      "query",
      "query",
      "query",
      "query",
      "mutation",
      "mutation",
      "subscription",
    ] as const);
    const roots = {
      query: this.#schema.getQueryType(),
      mutation: this.#schema.getMutationType(),
      subscription: this.#schema.getSubscriptionType(),
    };
    const root = roots[kind];
    const selection = root ? this.#selection(root, 0, kind === "query" ? widest : 1) : "{ __typename }";
    return { kind, text: this.#damaged(`${kind} ${selection}`) };
  }

  /** The next number below `end`; 0 once there are none left, which ends every list and every depth. */
  #next(end: number): number {
    return (this.#numbers[this.#at++] ?? 0) % end;
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#next(choices.length)];
  }

  #rarely(): boolean {
    return this.#next(40) === 39;
  }

  #selection(type: GraphQLNamedType, depth: number, most: number): string {
    if (isUnionType(type) || isInterfaceType(type)) {
      const possible = this.#schema.getPossibleTypes(type);
      const parts = Array.from({ length: 1 + this.#next(2) }, () => {
        const member = this.#one(possible);
        return `... on ${member.name} ${this.#selection(member, depth + 1, most)}`;
      });
      return `{ __typename ${parts.join(" ")} }`;
    }
    if (!isObjectType(type)) return "{ __typename }";
    const fields = Object.values(type.getFields());
    const parts = Array.from({ length: 1 + this.#next(most) }, (_, i) =>
      this.#field(this.#one(fields), depth, i),
    );
    return `{ ${parts.join(" ")} }`;
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number, place: number): string {
    const type = getNamedType(field.type);
    if (this.#rarely())
      return this.#one(["__typename", "nothing", "__schema { types { name } }", `${field.name} { no }`]);
    const alias = place > 0 ? `a${place}: ` : "";
    const call = `${alias}${field.name}${this.#arguments(field.args)}`;
    if (isLeafType(type)) return call;
    if (depth >= deepest) return `${call} { __typename }`;
    return `${call} ${this.#selection(type, depth + 1, widest)}`;
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const given = args
      .filter((arg) => (isRequiredArgument(arg) ? !this.#rarely() : this.#next(3) === 1))
      .map((arg) => `${arg.name}: ${this.#value(arg.type, 0)}`);
    return given.length > 0 ? `(${given.join(", ")})` : "";
  }

  #value(type: GraphQLInputType, depth: number): string {
    if (this.#rarely())
      return this.#one([
        "null",
        "-1",
        '""',
        "[]",
        "{}",
        "1e400",
        "nothing",
        "$nothing",
        `"${"x".repeat(5000)}"`,
      ]);
    if (isNonNullType(type)) return this.#value(type.ofType, depth);
    if (isListType(type)) {
      const items = Array.from({ length: this.#next(4) }, () => this.#value(type.ofType, depth + 1));
      return `[${items.join(", ")}]`;
    }
    if (isEnumType(type)) return this.#one(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter((field) => this.#gives(field, depth));
      return `{ ${fields.map((field) => `${field.name}: ${this.#value(field.type, depth + 1)}`).join(", ")} }`;
    }
    return this.#scalar(type.name);
  }

  #gives(field: GraphQLInputField, depth: number): boolean {
    return isRequiredInputField(field) ? !this.#rarely() : depth < 4 && this.#next(3) === 1;
  }

  #scalar(name: string): string {
    switch (name) {
      case "ID":
        return JSON.stringify(this.#one([...this.#ids, "UnVuOjE=", "", "é", "x".repeat(300)]));
      case "Int":
        return this.#one(["0", "1", "2", "10", "100", "-1", "2147483647", "1000000"]);
      case "Float":
        return this.#one(["0", "0.5", "1", "-1.5", "1e308", "5e-324"]);
      case "Boolean":
        return this.#one(["true", "false"]);
      case "DateTime":
        return this.#one(['"2026-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"yesterday"']);
      case "JSON":
        return this.#one([
          "{}",
          "[1, [2]]",
          '{ a: { b: "c" } }',
          "null",
          `${"[".repeat(60)}${"]".repeat(60)}`,
        ]);
      default:
        return JSON.stringify(
          this.#one([
            "a",
            "cat",
            "predicted(cat)",
            "",
            " ",
            "\0",
            "\ud800",
            "a\nb",
            "é".repeat(200),
            "f".repeat(64),
            "=1+1",
            "%_",
            "AAAA",
          ]),
        );
    }
  }

  /** Now and then a document that is none. */
  #damaged(text: string): string {
    const at = this.#next(text.length);
    switch (this.#next(30)) {
      case 29:
        return text.slice(0, at);
      case 28:
        return (
          text.slice(0, at) +
          this.#one(["{", "}", "(", '"', "...", "@skip(if: true)", "\0", "#", "fragment"]) +
          text.slice(at)
        );
      case 27:
        return `${text} fragment F on Query { ...F } query Q { ...F }`;
      default:
        return text;
    }
  }
}
