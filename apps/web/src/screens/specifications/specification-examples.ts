import { quotedName } from "./quoted-name.ts";

/** What examples are made from: a run's most frequent confusion, and the concepts that its classes stand out by. */
export type ExampleSource = {
  readonly pairs: readonly {
    readonly trueClass: string;
    readonly predictedClass: string;
    readonly inputs: number;
  }[];
  readonly classes: readonly string[];
  /** Class × concept win rates, row-major over classes × axis; null without labelled inputs. */
  readonly view: {
    readonly classes: readonly string[];
    readonly axis: readonly string[];
    readonly values: readonly (number | null)[];
  } | null;
};

export type ExampleSpecification = { readonly title: string; readonly text: string };

/** Specifications in the names of a run, to start from. */
export function exampleSpecifications({ pairs, classes, view }: ExampleSource): ExampleSpecification[] {
  const confusion = pairs
    .filter(({ trueClass, predictedClass }) => trueClass !== predictedClass)
    .reduce<(typeof pairs)[number] | null>(
      (most, pair) => (!most || pair.inputs > most.inputs ? pair : most),
      null,
    );
  const own = confusion?.trueClass ?? classes[0];
  const other = confusion?.predictedClass ?? classes[1];
  if (own === undefined || other === undefined) return [];
  const [a, b] = [quotedName(own), quotedName(other)];
  const examples = [
    {
      title: `What is called ${other} is seen as ${other}`,
      text: `predicted(${b}) => strength(${b}) > strength(${a})`,
    },
    {
      title: `Who sees ${own} says ${own}`,
      text: `label(${a}) and strength(${a}) > strength(${b}) => predicted(${a})`,
    },
  ];
  const standing = view && standingConcepts(view, own);
  if (standing) {
    const [strong, weak] = [quotedName(standing.strongest), quotedName(standing.weakest)];
    examples.push(
      {
        title: `${own}: ${standing.strongest} before ${standing.weakest}`,
        text: `label(${a}) => strength(${strong}) > strength(${weak})`,
      },
      {
        title: `Never ${other} where ${standing.strongest} is stronger than ${other}`,
        text: `strength(${strong}) > strength(${b}) => not predicted(${b})`,
      },
    );
  }
  return examples;
}

/** The concepts (not classes) with the highest and the lowest win rate in a class. */
function standingConcepts(
  { classes, axis, values }: NonNullable<ExampleSource["view"]>,
  name: string,
): { strongest: string; weakest: string } | null {
  const row = classes.indexOf(name);
  const rated = axis
    .map((concept, column) => ({ concept, value: values[row * axis.length + column] ?? null }))
    .filter((entry): entry is { concept: string; value: number } => entry.value !== null)
    .filter(({ concept }) => !classes.includes(concept))
    .sort((a, b) => b.value - a.value);
  if (row < 0 || rated.length < 2) return null;
  return { strongest: rated[0].concept, weakest: rated[rated.length - 1].concept };
}
