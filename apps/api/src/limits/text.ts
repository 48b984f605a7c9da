import { GraphQLError } from "graphql";
import { tooLarge } from "./document-limits.ts";

/** PostgreSQL keeps no NUL, and half of a surrogate pair has no UTF-8. */
const unusable = /\0|\p{Surrogate}/u;

/** The first character of a text that cannot be stored, as `U+0000`; null when there is none. */
export function unusableCharacter(text: string): string | null {
  const [character] = unusable.exec(text) ?? [];
  if (character === undefined) return null;
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

export function unusableText(argument: string, character: string): GraphQLError {
  return new GraphQLError(`${argument}: Remove the character ${character}.`, {
    extensions: { code: "BAD_USER_INPUT", argument, http: { status: 400 } },
  });
}

/** Most levels of lists and objects in variables. */
export const deepestVariables = 64;

/**
 * Checks all texts in variables, names in JSON among them.
 *
 * @throws GraphQLError BAD_USER_INPUT naming the argument, as `input.concepts.3.phrase`; QUERY_TOO_LARGE
 */
export function checkVariables(variables: unknown): void {
  const path: (string | number)[] = [];
  const checkText = (text: string) => {
    const character = unusableCharacter(text);
    if (character !== null) throw unusableText(path.join(".") || "variables", character);
  };
  const check = (value: unknown): void => {
    if (typeof value === "string") checkText(value);
    if (typeof value !== "object" || value === null) return;
    if (path.length > deepestVariables)
      throw tooLarge("variables", `The variables are nested more than ${deepestVariables} levels deep.`);
    const depth = path.length;
    if (Array.isArray(value))
      for (let i = 0; i < value.length; i++) {
        // Embeddings are long, and numbers have no text.
        if (typeof value[i] === "number") continue;
        path[depth] = i;
        check(value[i]);
      }
    else
      for (const [name, inner] of Object.entries(value)) {
        checkText(name);
        path[depth] = name;
        check(inner);
      }
    path.length = depth;
  };
  check(variables);
}
