import type { Specification } from "./expression.ts";

/** A condition on an embedding that is affine in it: one logit, or one strength, is greater than another. */
export interface Comparison {
  readonly of: "logit" | "strength";
  readonly greater: number;
  readonly less: number;
}

/** A case: comparisons that must all hold. */
export type Case = readonly Comparison[];

/** A normal form grows exponentially with the text, so it is not written down beyond this. */
export const MOST_CASES = 10_000;

/** Comparisons of all cases together: each names some bytes only, so this is a few megabytes. */
export const MOST_COMPARISONS = 500_000;

/**
 * The disjunctive normal form of the specification (`wanted` true) or of its denial (false). Undefined when it has
 * more than MOST_CASES cases or MOST_COMPARISONS comparisons, on the way as at the end.
 *
 * A denied "stronger" admits equality; its comparison is strict all the same, because certificates exclude the
 * closed case and witnesses are evaluated.
 */
export function casesOf(
  expression: Specification,
  wanted: boolean,
  classes: number,
): readonly Case[] | undefined {
  switch (expression.kind) {
    case "predicted": {
      const chosen = expression.name;
      const others = Array.from({ length: classes }, (_, k) => k).filter((k) => k !== chosen);
      return bounded(
        wanted
          ? [others.map((k) => ({ of: "logit", greater: chosen, less: k }))]
          : others.map((k) => [{ of: "logit", greater: k, less: chosen }]),
      );
    }
    case "label":
      return undefined;
    case "stronger": {
      const { stronger, weaker } = expression;
      const [greater, less] = wanted ? [stronger, weaker] : [weaker, stronger];
      return [[{ of: "strength", greater, less }]];
    }
    case "not":
      return casesOf(expression.operand, !wanted, classes);
    case "implies": {
      const premise = casesOf(expression.premise, !wanted, classes);
      const conclusion = premise && casesOf(expression.conclusion, wanted, classes);
      return conclusion && (wanted ? either : both)(premise, conclusion);
    }
    case "and":
    case "or": {
      const combine = (expression.kind === "and") === wanted ? both : either;
      let all: readonly Case[] | undefined;
      for (const operand of expression.operands) {
        const part = casesOf(operand, wanted, classes);
        all = part && (all ? combine(all, part) : part);
        if (!all) return undefined;
      }
      return all;
    }
  }
}

function either(left: readonly Case[], right: readonly Case[]): readonly Case[] | undefined {
  return bounded([...left, ...right]);
}

function both(left: readonly Case[], right: readonly Case[]): readonly Case[] | undefined {
  const comparisons = right.length * comparisonsOf(left) + left.length * comparisonsOf(right);
  if (left.length * right.length > MOST_CASES || comparisons > MOST_COMPARISONS) return undefined;
  return left.flatMap((one) => right.map((other) => [...one, ...other]));
}

function bounded(cases: readonly Case[]): readonly Case[] | undefined {
  return cases.length > MOST_CASES || comparisonsOf(cases) > MOST_COMPARISONS ? undefined : cases;
}

function comparisonsOf(cases: readonly Case[]): number {
  return cases.reduce((sum, { length }) => sum + length, 0);
}
