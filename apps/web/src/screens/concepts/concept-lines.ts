/** A phrase that is wrong, by its line in the text (from 1). */
export type LineProblem = { readonly line: number; readonly message: string };

/** Phrases of a text with one a line; blanks around them and empty lines do not count. */
export function phrasesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** Phrases that stand in the text more than once; case does not tell phrases apart, as in the API. */
export function repeatedPhrases(text: string): LineProblem[] {
  const first = new Map<string, number>();
  const problems: LineProblem[] = [];
  text.split("\n").forEach((line, i) => {
    const phrase = line.trim();
    const known = first.get(phrase.toLowerCase());
    if (phrase === "") return;
    if (known === undefined) first.set(phrase.toLowerCase(), i + 1);
    else problems.push({ line: i + 1, message: `“${phrase}” is there already, in line ${known}.` });
  });
  return problems;
}

/** Line in the text (from 1) of the phrase with this place among the phrases (from 0), as the API counts them. */
export function lineOfPhrase(text: string, place: number): number | null {
  let seen = -1;
  const line = text.split("\n").findIndex((candidate) => {
    if (candidate.trim() !== "") seen++;
    return seen === place;
  });
  return line < 0 ? null : line + 1;
}

/** What an edit did to a list of different phrases. */
export type PhraseChanges = {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Whether the phrases in both lists stand in another order. */
  readonly reordered: boolean;
};

export function phraseChanges(before: readonly string[], after: readonly string[]): PhraseChanges {
  const old = new Set(before);
  const now = new Set(after);
  const kept = after.filter((phrase) => old.has(phrase));
  const keptBefore = before.filter((phrase) => now.has(phrase));
  return {
    added: after.filter((phrase) => !old.has(phrase)),
    removed: before.filter((phrase) => !now.has(phrase)),
    reordered: kept.some((phrase, i) => phrase !== keptBefore[i]),
  };
}
