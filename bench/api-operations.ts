// The three operations that bench/api.ts measures, as each contender is asked for them. All read the same rows and
// give the same columns; verdicts and their order are compared before anything is timed.
import { encodeGlobalID } from "@pothos/plugin-relay";
import type { Pool } from "pg";
import { classes } from "./api-world.ts";

export type Operation = "verdict page" | "fault report" | "compareRuns";
export type Contender = "faultline" | "postgraphile" | "bare";

/** One request: run, its baseline, and what the page is filtered by. */
export interface Subject {
  run: string;
  baseline: string;
  fault: "ENCODER" | "HEAD";
  /** Class index. */
  predictedClass: number;
}

const pageSize = 50;
const listSize = 20;

/** The body of the HTTP request. */
export function requestBody(contender: Contender, operation: Operation, subject: Subject): string {
  if (contender === "bare") return JSON.stringify({ operation, subject });
  if (contender === "faultline") {
    const { query, variables } = faultline[operation](subject);
    return JSON.stringify({ query, variables });
  }
  const query = postgraphileQueries[operation];
  return JSON.stringify({ query, variables: { ...subject, pageSize, listSize } });
}

const runId = (id: string) => encodeGlobalID("Run", id);

const interval = "{ value low high }";
const faultCounts = `encoderFaults { count share ${interval} } headFaults { count share ${interval} }
  undecidedFaults { count share ${interval} }`;

const faultline: Record<Operation, (subject: Subject) => { query: string; variables: object }> = {
  "verdict page": ({ run, fault, predictedClass }) => ({
    query: `query($id: ID!, $filter: VerdictFilter!, $first: Int!) {
      verdicts(runId: $id, filter: $filter, orderBy: SCORE_DESCENDING, first: $first) {
        edges { cursor node { externalId trueClass predictedClass oracleClass confidence verdict score threshold
          misclassified fault concepts } }
        pageInfo { hasNextPage endCursor } } }`,
    variables: {
      id: runId(run),
      filter: { fault: [fault], predictedClass: classes[predictedClass] },
      first: pageSize,
    },
  }),
  "fault report": ({ run }) => ({
    query: `query($id: ID!) { faultReport(runId: $id) { run { name }
      inputs labelled misclassified quarantined accuracy ${interval} ${faultCounts} resultSha256
      classes { class inputs correct accuracy ${interval} ${faultCounts} }
      pairs { trueClass predictedClass inputs ${faultCounts} }
      alignment { evaluated { inputs r2 meanCosine centredCosine } lambda rank }
      oracle { errorOnCorrect ${interval} zeroShotAccuracy ${interval} margin agreement { variant localised changed } }
      responsibleConcepts { concept effect ${interval} qValue significantCells }
      encoderExplanation { concept shift qValue } fidelity { concept correlation }
      detector { similarity falseAlarmRate threshold measuredFalseAlarmRate ${interval} } warnings { code message }
      detectorMetrics { detector semantic auroc ${interval} auprIn auprOut falsePositiveRateAt95 areaUnderRiskCoverage }
    } }`,
    variables: { id: runId(run) },
  }),
  compareRuns: ({ run, baseline }) => ({
    query: `query($ids: [ID!]!, $first: Int!) { compareRuns(ids: $ids) { ... on RunComparison {
      differences { sharedInputs accuracyDifference ${interval} accuracyPValue encoderShareDifference ${interval}
        headShareDifference ${interval} aurocDifference
        regressions(first: $first) { totalCount edges { node { externalId trueClass predictedClass fault score } } }
        fixes(first: $first) { totalCount edges { node { externalId trueClass predictedClass fault score } } } }
      matrix { modelVersion accuracy ${interval} encoderShare ${interval} headShare ${interval}
        undecidedShare ${interval} detectorAuroc ${interval} } } } }`,
    variables: { ids: [runId(baseline), runId(run)], first: listSize },
  }),
};

/** Joins and lists that PostGraphile's users write as functions, which it shows as fields. */
export const postgraphileFunctions = `
  CREATE OR REPLACE FUNCTION paired_faults(run uuid, baseline uuid, OUT first "Fault", OUT second "Fault", OUT inputs bigint)
    RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT v.fault, b.fault, count(*) FROM verdict v JOIN verdict b ON b.input_id = v.input_id
    WHERE v.run_id = run AND b.run_id = baseline GROUP BY v.fault, b.fault $$;
  CREATE OR REPLACE FUNCTION regressions(run uuid, baseline uuid) RETURNS SETOF verdict LANGUAGE sql STABLE AS $$
    SELECT v.* FROM verdict v JOIN verdict b ON b.input_id = v.input_id
    WHERE v.run_id = run AND b.run_id = baseline AND NOT b.misclassified AND v.misclassified ORDER BY v.input_id $$;
  CREATE OR REPLACE FUNCTION fixes(run uuid, baseline uuid) RETURNS SETOF verdict LANGUAGE sql STABLE AS $$
    SELECT v.* FROM verdict v JOIN verdict b ON b.input_id = v.input_id
    WHERE v.run_id = run AND b.run_id = baseline AND b.misclassified AND NOT v.misclassified ORDER BY v.input_id $$;`;

const verdictColumns = `externalId label predictedClass oracleClass confidence verdict score threshold misclassified
  fault concepts`;
const counts = "encoderFaults headFaults undecidedFaults";
const reportColumns = `axis inputs labelled misclassified quarantinedCount accuracy accuracyLow accuracyHigh ${counts}
  details resultSha256`;
const metricColumns = "detector semantic auroc aurocLow aurocHigh auprIn auprOut fpr95 aurc";

const postgraphileQueries: Record<Operation, string> = {
  "verdict page": `query($run: UUID!, $fault: Fault!, $predictedClass: Int!, $pageSize: Int!) {
    allVerdicts(condition: {runId: $run, fault: $fault, predictedClass: $predictedClass},
      orderBy: [SCORE_DESC, INPUT_ID_DESC], first: $pageSize) {
      edges { cursor node { ${verdictColumns} } } pageInfo { hasNextPage endCursor } } }`,
  "fault report": `query($run: UUID!) { runById(id: $run) { name modelVersionByModelVersionId { classes }
    runReportByRunId { ${reportColumns} }
    classReportsByRunId { nodes { classIndex inputs correct ${counts} } }
    faultPairsByRunId { nodes { trueClass predictedClass inputs ${counts} } }
    detectorMetricsByRunId(orderBy: AUROC_DESC) { nodes { ${metricColumns} } } } }`,
  compareRuns: `query($run: UUID!, $baseline: UUID!, $listSize: Int!) {
    pairedFaults(run: $run, baseline: $baseline) { nodes { first second inputs } }
    regressions(run: $run, baseline: $baseline, first: $listSize) { nodes { externalId label predictedClass fault score } }
    fixes(run: $run, baseline: $baseline, first: $listSize) { nodes { externalId label predictedClass fault score } }
    run: runById(id: $run) { ...compared } baseline: runById(id: $baseline) { ...compared } }
    fragment compared on Run { modelVersionByModelVersionId { name classes modelByModelId { name } }
      runReportByRunId { labelled misclassified ${counts} details }
      detectorMetricsByRunId { nodes { detector auroc aurocLow aurocHigh } } }`,
};

const pageSql = `SELECT v.external_id, m.classes[v.label + 1] AS true_class, m.classes[v.predicted_class + 1]
    AS predicted_class, m.classes[v.oracle_class + 1] AS oracle_class, v.confidence, v.verdict, v.score, v.threshold,
    v.misclassified, v.fault, v.concepts
  FROM verdict v JOIN run r ON r.id = v.run_id JOIN model_version m ON m.id = r.model_version_id
  WHERE v.run_id = $1 AND v.fault = $2 AND v.predicted_class = $3
  ORDER BY v.score DESC, v.input_id DESC LIMIT $4`;
const listSql = (condition: string) => `SELECT v.external_id, v.label, v.predicted_class, v.fault, v.score
  FROM verdict v JOIN verdict b ON b.input_id = v.input_id WHERE v.run_id = $1 AND b.run_id = $2 AND ${condition}
  ORDER BY v.input_id LIMIT $3`;
const jointSql = `SELECT v.fault AS first, b.fault AS second, count(*) FROM verdict v
  JOIN verdict b ON b.input_id = v.input_id WHERE v.run_id = $1 AND b.run_id = $2 GROUP BY v.fault, b.fault`;
const metricSql = `SELECT detector, semantic, auroc, auroc_low, auroc_high, aupr_in, aupr_out, fpr95, aurc
  FROM detector_metric WHERE run_id = $1 ORDER BY auroc DESC`;

/** The same through node-postgres alone: fewest statements, at once where they do not depend on one another. */
export const bare: Record<Operation, (pool: Pool, subject: Subject) => Promise<unknown>> = {
  "verdict page": async (pool, { run, fault, predictedClass }) =>
    (await pool.query(pageSql, [run, fault, predictedClass, pageSize])).rows,
  "fault report": async (pool, { run }) => {
    const answers = await Promise.all(
      [
        "SELECT r.name, m.classes, a.* FROM run r JOIN model_version m ON m.id = r.model_version_id JOIN run_report a ON a.run_id = r.id WHERE r.id = $1",
        "SELECT * FROM class_report WHERE run_id = $1 ORDER BY class_index",
        "SELECT * FROM fault_pair WHERE run_id = $1",
        metricSql,
      ].map((sql) => pool.query(sql, [run])),
    );
    return answers.map(({ rows }) => rows);
  },
  compareRuns: async (pool, { run, baseline }) => {
    const answers = await Promise.all([
      pool.query(jointSql, [run, baseline]),
      pool.query(listSql("NOT b.misclassified AND v.misclassified"), [run, baseline, listSize]),
      pool.query(listSql("b.misclassified AND NOT v.misclassified"), [run, baseline, listSize]),
      pool.query(
        "SELECT m.name, a.labelled, a.misclassified, a.encoder_faults, a.head_faults, a.undecided_faults, a.details FROM run r JOIN model_version m ON m.id = r.model_version_id JOIN run_report a ON a.run_id = r.id WHERE r.id = ANY ($1)",
        [[run, baseline]],
      ),
      pool.query(
        "SELECT run_id, detector, auroc, auroc_low, auroc_high FROM detector_metric WHERE run_id = ANY ($1)",
        [[run, baseline]],
      ),
    ]);
    return answers.map(({ rows }) => rows);
  },
};

/** External ids of an answer, to see that all contenders answer alike. */
export function externalIds(answer: unknown): string[] {
  return [...JSON.stringify(answer).matchAll(/"external_?[iI]d":"([^"]*)"/g)].map(([, id]) => id);
}
