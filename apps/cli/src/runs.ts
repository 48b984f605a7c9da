import { type Client, expectResult } from "./client.ts";
import { CommandError } from "./errors.ts";
import { failures } from "./failures.ts";
import { graphql, type ResultOf, type VariablesOf } from "./graphql.ts";

const startRunMutation = graphql(
  `mutation StartRun($input: StartRunInput!) {
    startRun(input: $input) { __typename ... on Run { id name status } ...Failures }
  }`,
  [failures],
);
const cancelRunMutation = graphql(
  `mutation CancelRun($id: ID!) { cancelRun(id: $id) { __typename ... on Run { id status } ...Failures } }`,
  [failures],
);
const retryRunMutation = graphql(
  `mutation RetryRun($id: ID!) { retryRun(id: $id) { __typename ... on Run { id status } ...Failures } }`,
  [failures],
);

export type StartRunInput = VariablesOf<typeof startRunMutation>["input"];

/** Starts an analysis; throws CommandError with the API's field and remedy when refused. */
export async function startRun(client: Client, input: StartRunInput) {
  return expectResult((await client.query(startRunMutation, { input })).startRun, "Run");
}

export async function cancelRun(client: Client, id: string) {
  return expectResult((await client.query(cancelRunMutation, { id })).cancelRun, "Run");
}

export async function retryRun(client: Client, id: string) {
  return expectResult((await client.query(retryRunMutation, { id })).retryRun, "Run");
}

const runQuery = graphql(`
  query RunStatus($id: ID!) {
    node(id: $id) {
      __typename
      ... on Run { id name status stage error progress { stage done total inputsPerSecond etaSeconds } }
    }
  }
`);

export type RunState = Extract<ResultOf<typeof runQuery>["node"], { __typename: "Run" }>;

export async function findRun(client: Client, id: string): Promise<RunState> {
  const { node } = await client.query(runQuery, { id });
  if (node?.__typename !== "Run") throw new CommandError(`no run ${id} that this token reaches`);
  return node;
}

/** Work done, in [0, 1]: the mean over the six stages, those not begun counting 0. */
export function completedShare(run: Pick<RunState, "progress" | "status">): number {
  if (run.status === "SUCCEEDED") return 1;
  const stages = 6;
  return run.progress.reduce((sum, p) => sum + (p.total > 0 ? p.done / p.total : 0), 0) / stages;
}

/** Polls until the run has ended; throws when it failed or was cancelled. */
export async function waitForRun(
  client: Client,
  id: string,
  onProgress?: (run: RunState) => void,
  signal?: AbortSignal,
): Promise<RunState> {
  for (;;) {
    signal?.throwIfAborted();
    const run = await findRun(client, id);
    onProgress?.(run);
    if (run.status === "SUCCEEDED") return run;
    if (run.status === "FAILED") throw new CommandError(`run "${run.name}" failed: ${run.error}`);
    if (run.status === "CANCELLED") throw new CommandError(`run "${run.name}" was cancelled`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const reportsQuery = graphql(`
  query Reports($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      ... on Run {
        id
        name
        modelVersion { name }
        attackType { name }
        report {
          inputs
          labelled
          misclassified
          quarantined
          accuracy { value low high }
          encoderFaults { count share { value low high } }
          headFaults { count share { value low high } }
          undecidedFaults { count share { value low high } }
          attackConcepts { concept effect { value low high } qValue }
          responsibleConcepts(first: 8) { concept effect { value low high } qValue }
          detector { similarity threshold auroc { value low high } measuredFalseAlarmRate { value } measuredDetectionRate { value } }
          warnings { code message }
          resultSha256
        }
      }
    }
  }
`);

export type RunWithReport = Extract<
  NonNullable<ResultOf<typeof reportsQuery>["nodes"][number]>,
  { __typename: "Run" }
>;

/** The fault reports of finished runs, in the order asked for. Throws when one is missing or not finished. */
export async function fetchReports(client: Client, ids: readonly string[]) {
  const { nodes } = await client.query(reportsQuery, { ids: [...ids] });
  return nodes.map((node, i) => {
    if (node?.__typename !== "Run") throw new CommandError(`no run ${ids[i]} that this token reaches`);
    if (!node.report) throw new CommandError(`run "${node.name}" has no report yet`);
    return { ...node, report: node.report };
  });
}

/**
 * The concepts responsible for a run's errors, strongest first: of correct − incorrect, or, where an attack left
 * no correct input to compare with, of clean − attacked.
 */
export function responsibleConceptNames(report: NonNullable<RunWithReport["report"]>): string[] {
  const { responsibleConcepts, attackConcepts } = report;
  const concepts = responsibleConcepts.length > 0 ? responsibleConcepts : (attackConcepts ?? []);
  return concepts.slice(0, 8).map(({ concept }) => concept);
}
