/** A name as the language wants it: bare when it is one word, else in double quotes. */
export function quotedName(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
}
