import { graphql, type ResultOf } from "../graphql.ts";

export const runNameFragment = graphql(`
  fragment RunName on Run @_unmask {
    id
    name
    modelVersion { name model { name } }
    attackType { name }
    dataset { name }
  }
`);

/** "v1.0 · clean" or "v1.0 · fgsm": what tells runs apart at a glance. */
export function shortRunName(run: ResultOf<typeof runNameFragment>): string {
  return `${run.modelVersion.name} · ${run.attackType?.name ?? "clean"}`;
}
