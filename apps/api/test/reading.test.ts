import { openDatabase } from "@faultline/db";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiUnderTest, startApiUnderTest } from "./api-under-test.ts";
import { axis, classes, createWorld, type FinishedRun, finishRun, type World } from "./finished-run.ts";

let api: ApiUnderTest;
let world: World;
let baseline: FinishedRun;
let newer: FinishedRun;
let attacked: FinishedRun;
const globalId = (run: FinishedRun) => encodeGlobalID("Run", run.id);

beforeAll(async () => {
  api = await startApiUnderTest();
  world = await createWorld(api, "reading");
  baseline = await finishRun(api, world, { seed: 1 });
  newer = await finishRun(api, world, { seed: 2, modelVersion: 1 });
  attacked = await finishRun(api, world, { seed: 3, attacked: true });
});
afterAll(() => api.close());

/** The row of a run that has only just been asked for. */
const runNamed = (name: string) => ({
  projectId: world.projectId,
  name,
  modelVersionId: world.modelVersionIds[0],
  visionLanguageModelId: world.visionLanguageModelId,
  conceptSetId: world.conceptSetId,
  datasetId: world.datasetId,
  configuration: {},
  seed: 1,
});

/** Asks for fields of the first run. */
async function ofRun(fields: string, variables: object = {}, run = baseline, declared = "") {
  const answer = await api.graphql(
    `query($id: ID! ${declared}) { node(id: $id) { ... on Run { ${fields} } } }`,
    {
      id: globalId(run),
      ...variables,
    },
  );
  expect(answer.errors).toBeUndefined();
  return answer.data.node;
}

describe("a node", () => {
  test("that there is not, or not within reach, is null, of whichever kind", async () => {
    const nobody = "01a21000-0000-7000-8000-000000000000";
    for (const type of ["Run", "Dataset", "ModelVersion", "Project", "ApiToken"]) {
      const { data, errors } = await api.graphql("query($id: ID!) { node(id: $id) { id } }", {
        id: encodeGlobalID(type, nobody),
      });
      expect(errors, type).toBeUndefined();
      expect(data.node, type).toBeNull();
    }
  });
});

describe("a run", () => {
  test("tells what it is made of and how far it is", async () => {
    const run =
      await ofRun(`name status seed stage error configuration { similarity shardSize } project { slug } attackType { name }
      modelVersion { name classes model { name } } visionLanguageModel { name } dataset { name } detectors { totalCount }
      conceptSet { name version concepts { phrase position } } quarantinedInputs { totalCount edges { node { reason } } }
      progress { stage done total inputsPerSecond etaSeconds }`);
    expect(run).toMatchObject({
      status: "SUCCEEDED",
      project: { slug: "reading" },
      attackType: null,
      configuration: { similarity: "LOG_LIKELIHOOD_RATIO", shardSize: 512 },
      modelVersion: { name: "v1.0", classes, model: { name: "classifier" } },
      conceptSet: { concepts: [{ phrase: "wheels", position: 0 }, {}, {}] },
      progress: [{ stage: "EMBED", done: 180, total: 180, etaSeconds: null }],
      quarantinedInputs: { totalCount: 0, edges: [] },
    });
    expect((await ofRun("attackType { name epsilon }", {}, attacked)).attackType.name).toBe("FGSM 8/255");
  });

  test("reports its faults by class and pair, with intervals and examples", async () => {
    const { report } = await ofRun(`report {
      axis { phrase kind } inputs labelled misclassified quarantined accuracy { value low high }
      encoderFaults { count share { value } } headFaults { count } undecidedFaults { count }
      correctedEncoderShare { value } correctedHeadShare { value }
      classes { class inputs correct accuracy { value } encoderFaults { count } headFaults { count } undecidedFaults { count } }
      pairs { trueClass predictedClass inputs encoderFaults { count } headFaults { count } undecidedFaults { count } }
      alignment { evaluated { r2 meanCosine centredCosine inputs } clean { r2 } heldOut { r2 } lambda rank }
      oracle { margin errorOnCorrect { value } zeroShotAccuracy { value } agreement { variant localised changed } }
      responsibleConcepts { concept qValue significantCells effect { value low high } exampleInputs { externalId trueClass } }
      ofTruck: responsibleConcepts(trueClass: "truck", first: 1) { concept }
      attackConcepts { concept } encoderExplanation { concept shift qValue }
      headExplanation { trueClass predictedClass concepts { concept weight } }
      detector { similarity threshold pooledClasses auroc { value } falseAlarmRate measuredFalseAlarmRate { value } positiveLabel combinedKept }
      fidelity { concept correlation } warnings { code message } resultSha256 run { id }
    }`);
    const wrong = baseline.verdicts.filter(({ misclassified }) => misclassified);
    expect(report).toMatchObject({
      inputs: 120,
      misclassified: wrong.length,
      attackConcepts: null,
      ofTruck: [{ concept: "wheels" }],
      headExplanation: [{ trueClass: "truck", predictedClass: "car", concepts: [{ concept: "wheels" }] }],
      detector: {
        similarity: "LOG_LIKELIHOOD_RATIO",
        pooledClasses: ["plane"],
        auroc: { value: 0.8 },
        positiveLabel: "misclassified inputs",
      },
      run: { id: globalId(baseline) },
    });
    expect(report.axis).toHaveLength(axis.length);
    expect(report.accuracy.value).toBeCloseTo(1 - wrong.length / 120);
    expect(report.encoderFaults.count).toBe(wrong.filter(({ fault }) => fault === "ENCODER").length);
    expect(report.responsibleConcepts[0].exampleInputs).toEqual([
      { externalId: "photo-60", trueClass: "truck" },
      { externalId: "photo-61", trueClass: "car" },
    ]);
    const pairs = report.pairs as unknown as { inputs: number }[];
    expect(pairs.reduce((sum, { inputs }) => sum + inputs, 0)).toBe(120);
  });

  test("has heatmaps whose numbers are the counts of its inputs", async () => {
    const run = await ofRun(`
      all: heatmap(kind: GROUND_TRUTH) { inputs axis values counts class subset kind }
      trucks: heatmap(kind: GROUND_TRUTH, subset: INCORRECT, class: "truck") { inputs class }
      earlier: heatmap(kind: GROUND_TRUTH, subset: INCORRECT, trueOrPredictedClass: "truck") { inputs class }
      nobodys: differentialHeatmap(minuend: CLEAN) { minuendInputs differences }
      none: heatmap(kind: GROUND_TRUTH, subset: CLEAN) { inputs }
      classConceptView { classes axis inputs values }
      differentialHeatmap { minuendInputs subtrahendInputs differences qValues testedCells significantCells significanceLevel
        minuendCounts subtrahendCounts class axis responsibleConcepts { concept effect { low value high } exampleInputs { id } } }`);
    expect(run.all).toMatchObject({ inputs: 120, axis, class: null });
    const { data } = baseline.strengths;
    let count = 0;
    for (let i = 0; i < 120; i++) if (data[i * axis.length] > data[i * axis.length + 1]) count++;
    expect(run.all.counts[1]).toBe(count);
    expect(run.all.values[1]).toBeCloseTo(count / 120);
    expect(run.trucks.inputs).toBe(baseline.verdicts.filter((v) => v.misclassified && v.label === 0).length);
    expect(run.earlier).toEqual(run.trucks);
    expect(run.nobodys).toEqual({ minuendInputs: 0, differences: null });
    expect(run.none).toBeNull();
    expect(run.classConceptView.inputs).toEqual([40, 40, 40]);
    expect(run.classConceptView.values).toHaveLength(classes.length * axis.length);
    const { minuendInputs, subtrahendInputs, differences, qValues } = run.differentialHeatmap;
    expect(Number(minuendInputs) + Number(subtrahendInputs)).toBe(120);
    expect(differences).toHaveLength(axis.length ** 2);
    expect(qValues[0]).toBeNull();
  });

  test("ranks detectors and inputs, and knows its concepts' redundancy", async () => {
    const run =
      await ofRun(`detectorMetrics { detector semantic auroc { value } falsePositiveRateAt95 auprIn auprOut areaUnderRiskCoverage
        positives negatives roc { falsePositiveRate truePositiveRate threshold } riskCoverage { coverage risk } }
      topInputs(axis: "wings", first: 3) { strength predictedClass input { externalId } } conceptRedundancy { axis cosines }`);
    expect(run.detectorMetrics).toMatchObject([
      {
        detector: "log-likelihood-ratio",
        semantic: true,
        roc: [{ threshold: null }, { threshold: 0.1 }, {}],
      },
      { detector: "msp", semantic: false },
    ]);
    const wings = Array.from(baseline.verdicts, (_, i) => baseline.strengths.data[i * axis.length + 1]);
    const order = [...wings.keys()].sort((a, b) => wings[b] - wings[a]).slice(0, 3);
    expect(run.topInputs).toMatchObject(
      order.map((i) => ({ input: { externalId: baseline.verdicts[i].externalId }, strength: wings[i] })),
    );
    expect(run.conceptRedundancy.cosines[0]).toBeCloseTo(1);
  });

  test("refuses names that it does not know, and says which there are", async () => {
    const ask = (fields: string) =>
      api.graphql(`query($id: ID!) { node(id: $id) { ... on Run { ${fields} } } }`, {
        id: globalId(baseline),
      });
    for (const [fields, code] of [
      ['heatmap(kind: GROUND_TRUTH, class: "boat") { inputs }', "NOT_FOUND"],
      ['topInputs(axis: "sails") { strength }', "BAD_USER_INPUT"],
      ['verdicts(filter: {concept: "sails"}) { totalCount }', "BAD_USER_INPUT"],
      ['verdicts(filter: {trueClass: "boat"}) { totalCount }', "NOT_FOUND"],
      ['verdicts(after: "nonsense") { totalCount }', "BAD_USER_INPUT"],
    ] as const) {
      const { errors } = await ask(fields);
      expect(errors?.[0].extensions, fields).toMatchObject({ code });
      expect(errors?.[0].message, fields).toMatch(code === "NOT_FOUND" ? /truck, car, plane/ : /./);
    }
  });
});

describe("verdicts", () => {
  const page = `totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { externalId score } }`;
  const declared =
    ", $filter: VerdictFilter, $order: VerdictOrder!, $first: Int, $after: String, $last: Int, $before: String";
  const ask = async (variables: object) =>
    (
      await ofRun(
        `verdicts(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) { ${page} }`,
        { order: "INPUT", ...variables },
        baseline,
        declared,
      )
    ).verdicts;
  type Edge = { cursor: string; node: { externalId: string; score: number } };

  test.each(["INPUT", "SCORE_DESCENDING", "SCORE_ASCENDING"])(
    "come in pages, forwards and backwards: %s",
    async (order) => {
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const { edges, pageInfo, totalCount } = await ask({ order, first: 50, after });
        expect(totalCount).toBe(120);
        seen.push(...(edges as unknown as Edge[]).map(({ node }) => node.externalId));
        after = pageInfo.hasNextPage ? String(pageInfo.endCursor) : null;
      } while (after);
      const way = order === "SCORE_ASCENDING" ? 1 : -1;
      const expected = [...baseline.verdicts];
      if (order !== "INPUT")
        expected.sort((a, b) => way * (a.score - b.score || Number(BigInt(a.inputId) - BigInt(b.inputId))));
      expect(seen).toEqual(expected.map(({ externalId }) => externalId));

      const end = await ask({ order, last: 30 });
      expect((end.edges as unknown as Edge[]).map(({ node }) => node.externalId)).toEqual(seen.slice(90));
      const earlier = await ask({ order, last: 30, before: end.pageInfo.startCursor });
      expect((earlier.edges as unknown as Edge[]).map(({ node }) => node.externalId)).toEqual(
        seen.slice(60, 90),
      );
      expect(earlier.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    },
  );

  test("are at most 100 a page, 20 by default", async () => {
    expect((await ask({ first: 1000 })).edges).toHaveLength(100);
    expect((await ask({})).edges).toHaveLength(20);
  });

  test("can be filtered by everything that they tell", async () => {
    const scores = baseline.verdicts.map(({ score }) => score).sort((a, b) => a - b);
    const [low, high] = [scores[30], scores[90]];
    const cases: [object, (v: (typeof baseline.verdicts)[number]) => boolean][] = [
      [{ verdict: "DEFECT" }, (v) => v.verdict === "DEFECT"],
      [{ fault: ["ENCODER"] }, (v) => v.fault === "ENCODER"],
      [{ fault: ["ENCODER", "HEAD"] }, (v) => v.fault === "ENCODER" || v.fault === "HEAD"],
      [{ fault: [] }, () => false],
      [{ trueClass: "car", predictedClass: "plane" }, (v) => v.label === 1 && v.predictedClass === 2],
      [{ misclassified: true }, (v) => v.misclassified === true],
      [{ misclassified: false }, (v) => v.misclassified === false],
      [{ minimumScore: low, maximumScore: high }, (v) => v.score >= low && v.score <= high],
      [{ concept: "wheels" }, (v) => Array.from(v.concepts).includes(0)],
      [{ externalIdPrefix: "photo-7" }, (v) => v.externalId.startsWith("photo-7")],
      [{ externalIdPrefix: "photo_%" }, () => false],
    ];
    for (const [filter, matches] of cases)
      expect((await ask({ filter })).totalCount, JSON.stringify(filter)).toBe(
        baseline.verdicts.filter(matches).length,
      );
  });

  test("of one input are found by its external id", async () => {
    const query = `query($runId: ID!, $externalId: String!) { verdict(runId: $runId, externalId: $externalId) {
      externalId trueClass predictedClass oracleClass confidence verdict score threshold misclassified fault concepts run { id } } }`;
    const [, expected] = baseline.verdicts;
    const { data } = await api.graphql(query, { runId: globalId(baseline), externalId: "photo-61" });
    expect(data.verdict).toMatchObject({
      trueClass: "car",
      predictedClass: classes[expected.predictedClass],
      score: expected.score,
      fault: expected.fault,
      concepts: Array.from(expected.concepts, (index) => axis[index]),
      run: { id: globalId(baseline) },
    });
    expect(
      (await api.graphql(query, { runId: globalId(baseline), externalId: "nobody" })).data.verdict,
    ).toBeNull();
    const other = await api.graphql(query, {
      runId: encodeGlobalID("Run", world.projectId),
      externalId: "photo-61",
    });
    expect(other.errors?.[0].extensions).toMatchObject({ code: "NOT_FOUND", field: "runId" });
  });

  test("and reports are asked for by the run's id alone, within reach", async () => {
    const query = `query($runId: ID!) {
      verdicts(runId: $runId, filter: {misclassified: true}, orderBy: SCORE_DESCENDING, first: 7) {
        totalCount edges { cursor node { externalId score concepts } } pageInfo { hasNextPage endCursor } }
      faultReport(runId: $runId) { run { id name status } inputs misclassified encoderFaults { count }
        detectorMetrics { detector auroc { value low high } roc { truePositiveRate } riskCoverage { risk } } } }`;
    const direct = await api.graphql(query, { runId: globalId(baseline) });
    expect(direct.errors).toBeUndefined();
    const { verdicts, report, ...run } = await ofRun(`id name status
      verdicts(filter: {misclassified: true}, orderBy: SCORE_DESCENDING, first: 7) {
        totalCount edges { cursor node { externalId score concepts } } pageInfo { hasNextPage endCursor } }
      report { inputs misclassified encoderFaults { count }
        detectorMetrics { detector auroc { value low high } roc { truePositiveRate } riskCoverage { risk } } }`);
    expect(direct.data).toEqual({ verdicts, faultReport: { run, ...report } });
    const { id: elsewhere } = await api.database.prisma.project.create({
      data: { slug: "elsewhere", name: "Elsewhere" },
    });
    const stranger = await api.graphql(
      query,
      { runId: globalId(baseline) },
      await api.token(["READ"], elsewhere),
    );
    expect(stranger.errors?.map(({ extensions: { code, field } }) => [code, field])).toContainEqual([
      "NOT_FOUND",
      "runId",
    ]);
    expect(JSON.stringify(stranger)).not.toContain("photo-");
  });

  test("are explained by the very detector that gave them", async () => {
    const run = await ofRun(`verdicts(first: 5) { edges { node { score explanation {
      axis strengths vlmStrengths heatmap correctReference incorrectReference pooledReference similarityToCorrect
      similarityToIncorrect sentence correctMeanStrengths incorrectMeanStrengths
      nearestInputs { distance predictedClass misclassified input { externalId split } } } } } }`);
    for (const [i, { node }] of (
      run.verdicts.edges as unknown as { node: Record<string, never> }[]
    ).entries()) {
      const { explanation, score } = node as unknown as {
        score: number;
        explanation: Record<string, number[]> & {
          nearestInputs: { distance: number; input: { split: string } }[];
        };
      };
      expect(explanation.strengths).toEqual(Array.from(baseline.strengths.data.subarray(i * 6, (i + 1) * 6)));
      expect(Number(explanation.similarityToIncorrect) - Number(explanation.similarityToCorrect)).toBe(score);
      expect(explanation.correctReference).toHaveLength(axis.length ** 2);
      expect(explanation.correctMeanStrengths).toHaveLength(axis.length);
      expect(explanation.nearestInputs).toHaveLength(5);
      const distances = explanation.nearestInputs.map(({ distance }) => distance);
      expect(distances).toEqual([...distances].sort((a, b) => a - b));
      expect(explanation.nearestInputs[0].input.split).toBe("CALIBRATION");
    }
  });
});

describe("compareRuns", () => {
  const query = `query($ids: [ID!]!) { compareRuns(ids: $ids) { __typename
    ... on RunComparison { runs { name } matrix { modelVersion attackType accuracy { value } encoderShare { value } headShare { value } undecidedShare { value } detectorAuroc { value } run { id } }
      differences { run { name } baseline { name } sharedInputs accuracyDifference { value low high } accuracyPValue
        encoderShareDifference { value low high } headShareDifference { value } aurocDifference aurocPValue
        regressions(first: 100) { totalCount edges { node { externalId misclassified } } } fixes { totalCount }
        differentialHeatmap { minuendInputs differences significantCells } ofTruck: differentialHeatmap(trueClass: "truck") { minuendInputs class } } }
    ... on ValidationError { issues { field message } } ... on NotFoundError { field } } }`;

  test("pairs inputs: across versions and with attacked ones", async () => {
    const { data, errors } = await api.graphql(query, { ids: [baseline, newer, attacked].map(globalId) });
    expect(errors).toBeUndefined();
    const { matrix, differences } = data.compareRuns;
    expect(matrix).toMatchObject([
      { modelVersion: "classifier v1.0", attackType: null },
      { modelVersion: "classifier v1.1", attackType: null },
      { modelVersion: "classifier v1.0", attackType: "FGSM 8/255" },
    ]);
    for (const [k, run] of [newer, attacked].entries()) {
      const regressions = run.verdicts.filter(
        (v, i) => v.misclassified && !baseline.verdicts[i].misclassified,
      );
      const fixes = run.verdicts.filter((v, i) => !v.misclassified && baseline.verdicts[i].misclassified);
      expect(differences[k]).toMatchObject({
        sharedInputs: 120,
        regressions: { totalCount: regressions.length },
        fixes: { totalCount: fixes.length },
        differentialHeatmap: { minuendInputs: 120 },
        ofTruck: { minuendInputs: 40, class: "truck" },
        aurocDifference: 0,
      });
      const shown = differences[k].regressions.edges as unknown as { node: { externalId: string } }[];
      expect(shown.map(({ node }) => node.externalId)).toEqual(
        regressions.map(({ externalId }) => externalId),
      );
      const { value, low, high } = differences[k].accuracyDifference as unknown as Record<string, number>;
      expect(value).toBeCloseTo((fixes.length - regressions.length) / 120);
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
    const faulty = (run: FinishedRun, fault: string) =>
      run.verdicts.filter((v) => v.fault === fault).length /
      run.verdicts.filter((v) => v.misclassified).length;
    expect(differences[0].encoderShareDifference.value).toBeCloseTo(
      faulty(newer, "ENCODER") - faulty(baseline, "ENCODER"),
    );
  });

  test("asks for two to six different runs that succeeded", async () => {
    const ids = (...runs: string[]) => api.graphql(query, { ids: runs });
    const first = globalId(baseline);
    expect((await ids(first)).data.compareRuns).toMatchObject({
      __typename: "ValidationError",
      issues: [{ field: "ids" }],
    });
    expect((await ids(first, first)).data.compareRuns.__typename).toBe("ValidationError");
    expect((await ids(first, "nonsense")).data.compareRuns).toEqual({
      __typename: "NotFoundError",
      field: "ids.1",
    });
    const queued = await api.database.prisma.run.create({
      data: runNamed("queued"),
    });
    const refused = await ids(first, encodeGlobalID("Run", queued.id));
    expect(refused.data.compareRuns.issues).toMatchObject([{ field: "ids.1" }]);
    const early = await api.graphql(
      "query($id: ID!) { verdicts(runId: $id) { totalCount } faultReport(runId: $id) { inputs } }",
      {
        id: encodeGlobalID("Run", queued.id),
      },
    );
    expect(early.data).toEqual({ verdicts: null, faultReport: null });
    expect(early.errors).toMatchObject([
      { message: expect.stringContaining("QUEUED"), extensions: { code: "CONFLICT", field: "runId" } },
    ]);
  });
});

describe("a project", () => {
  test("lists all that it holds, and how its parts belong together", async () => {
    const { prisma } = api.database;
    await prisma.modelVersion.update({
      where: { id: world.modelVersionIds[0] },
      data: { trainingDataTag: "photos-2026-11" },
    });
    const { datasetId } = await prisma.run.findUniqueOrThrow({ where: { id: baseline.id } });
    const bytes = Buffer.from("an array");
    await prisma.embeddingSet.create({
      data: {
        datasetId,
        kind: "EMBEDDING",
        modelVersionId: world.modelVersionIds[0],
        artifactSha256: await api.upload(world.projectId, bytes),
        rows: 180,
        columns: 8,
      },
    });
    await prisma.savedView.create({
      data: { projectId: world.projectId, name: "defects", query: "verdict=DEFECT" },
    });
    const { data, errors } = await api.graphql(`{ project(slug: "reading") {
      models { edges { node { name versions { totalCount edges { node { name trainingDataTag } } } } } }
      visionLanguageModels { totalCount edges { node { name } } } attackTypes { edges { node { name norm } } }
      savedViews { edges { node { name } } }
      datasets { edges { node { name attackedModelVersion { name } cleanDataset { name }
        attackedDatasets { totalCount edges { node { name } } }
        embeddingSets { kind rows columns modelVersion { name } visionLanguageModel { name } } } } } } }`);
    expect(errors).toBeUndefined();
    const nodes = (page: { edges: { node: object }[] }) => page.edges.map(({ node }) => node);
    const { project } = data as unknown as { project: Record<string, { edges: { node: object }[] }> };
    expect(nodes(project.models)).toMatchObject([
      {
        versions: {
          edges: [{ node: { trainingDataTag: null } }, { node: { trainingDataTag: "photos-2026-11" } }],
        },
      },
    ]);
    expect(nodes(project.visionLanguageModels)).toEqual([{ name: "clip" }]);
    expect(nodes(project.attackTypes)).toEqual([{ name: "FGSM 8/255", norm: "Linf" }]);
    expect(nodes(project.savedViews)).toEqual([{ name: "defects" }]);
    expect(nodes(project.datasets)).toEqual([
      {
        name: "photos under FGSM",
        attackedModelVersion: { name: "v1.0" },
        cleanDataset: { name: "photos" },
        attackedDatasets: { totalCount: 0, edges: [] },
        embeddingSets: [],
      },
      {
        name: "photos",
        attackedModelVersion: null,
        cleanDataset: null,
        attackedDatasets: { totalCount: 1, edges: [{ node: { name: "photos under FGSM" } }] },
        embeddingSets: [
          {
            kind: "EMBEDDING",
            rows: 180,
            columns: 8,
            modelVersion: { name: "v1.0" },
            visionLanguageModel: null,
          },
        ],
      },
    ]);
  });
});

describe("the number of statements", () => {
  const count = async (query: string, variables: object = {}) => {
    await api.graphql(query, variables);
    const { result, statements } = await api.countStatements(() => api.graphql(query, variables));
    expect(result.errors).toBeUndefined();
    return statements;
  };

  test("is one for a page of verdicts, and one for a report with its lists", async () => {
    const runId = { runId: globalId(baseline) };
    const page = "query($runId: ID!) { verdicts(runId: $runId) { edges { node { externalId score } } } }";
    expect(await count(page, runId)).toBe(1);
    const report = `query($runId: ID!) { faultReport(runId: $runId) { run { name } inputs
      classes { class correct } pairs { inputs } detectorMetrics { detector auroc { value } } } }`;
    expect(await count(report, runId)).toBe(1);
  });

  test("is one for runs that were compared before, and one for each list of regressions or fixes", async () => {
    const ids = { ids: [baseline, newer].map(globalId) };
    const compare = (lists: string) => `query($ids: [ID!]!) { compareRuns(ids: $ids) { ... on RunComparison {
      matrix { modelVersion accuracy { value } detectorAuroc { value } }
      differences { sharedInputs accuracyPValue encoderShareDifference { value } ${lists} } } } }`;
    expect(await count(compare(""), ids)).toBe(1);
    const lists =
      "regressions { totalCount edges { node { externalId } } } fixes { edges { node { externalId } } }";
    expect(await count(compare(lists), ids)).toBe(3);
    const { url } = api.database;
    const forgetful = await startApiUnderTest({ rememberedPairs: 0 }, { ...openDatabase(url), url });
    try {
      const ask = () => forgetful.graphql(compare(""), ids);
      // The first request changes its token's time of use, so that the second reads it again.
      await ask();
      const first = await ask();
      expect(first.data.compareRuns.differences).toHaveLength(1);
      const { result, statements } = await forgetful.countStatements(ask);
      expect(statements).toBe(2);
      expect(result).toEqual(first);
    } finally {
      await forgetful.close();
    }
  });

  test("does not grow with the page: runs with all that they are made of", async () => {
    const query = (
      first: number,
    ) => `{ project(slug: "reading") { runs(status: SUCCEEDED, first: ${first}) { totalCount edges { node { name
      modelVersion { name model { name } } dataset { name } conceptSet { name } attackType { name } progress { stage }
      report { accuracy { value } encoderFaults { count } classes { class correct } detector { auroc { value } } } } } } } }`;
    expect(await count(query(3))).toBe(await count(query(1)));
  });

  test("does not grow with the page: reports of runs that are not remembered, as they have not succeeded", async () => {
    await api.database.prisma.run.createMany({
      data: ["first", "second", "third"].map((name) => ({ ...runNamed(name), status: "FAILED" as const })),
    });
    const query = (first: number) =>
      `{ project(slug: "reading") { runs(status: FAILED, first: ${first}) { edges { node { report { inputs } } } } } }`;
    expect(await count(query(3))).toBe(await count(query(1)));
  });

  test("does not grow with the page: verdicts with their inputs, datasets and clean inputs", async () => {
    const query = (
      first: number,
    ) => `query($id: ID!) { node(id: $id) { ... on Run { verdicts(first: ${first}) { totalCount edges { node {
      externalId score run { name } input { externalId trueClass imageUrl dataset { name } cleanInput { externalId } attackedInputs { externalId } } } } } } } }`;
    const id = { id: globalId(attacked) };
    const [one, hundred] = [await count(query(1), id), await count(query(100), id)];
    expect(hundred).toBe(one);
    expect(one).toBeLessThanOrEqual(14);
  });

  test("does not grow with the page: datasets with their splits and inputs", async () => {
    const query = (
      first: number,
    ) => `{ project(slug: "reading") { datasets(first: ${first}) { edges { node { name
      splitCounts { split inputs labelled } attackType { name } cleanDataset { name } inputs(first: ${10 * first}) { edges { node { externalId trueClass } } } } } } } }`;
    expect(await count(query(2))).toBeLessThanOrEqual((await count(query(1))) + 1);
  });
});

describe("guard rails", () => {
  test("refuse queries that are too deep or too large before they touch the database", async () => {
    const nested = (depth: number): string =>
      depth === 0 ? "id" : `versions { edges { node { model { ${nested(depth - 1)} } } } }`;
    const deep = `{ project(slug: "reading") { models { edges { node { ${nested(4)} } } } } }`;
    const large = `{ projects(first: 100) { edges { node { runs(first: 100) { edges { node { verdicts(first: 100) { edges { node { score } } } } } } } } } }`;
    for (const query of [deep, large]) {
      const { result, statements } = await api.countStatements(() => api.graphql(query));
      expect(result.errors?.[0].extensions.code).toBe("QUERY_TOO_LARGE");
      expect(statements).toBeLessThanOrEqual(1);
    }
  });

  test("refuse what another site's form could send", async () => {
    const response = await fetch(`${api.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "text/plain", authorization: `Bearer ${api.admin}` },
      body: JSON.stringify({ query: "{ __typename }" }),
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    const stream = await fetch(`${api.url}/graphql/stream?query={__typename}`);
    expect(stream.status).toBe(404);
  });

  test("mask what nobody expected, and give a request id", async () => {
    const broken = await finishRun(api, world, { seed: 9 });
    await api.database.prisma.runReport.update({
      where: { runId: broken.id },
      data: { strengthsSha256: "0".repeat(64) },
    });
    const { errors } = await api.graphql(
      'query($id: ID!) { node(id: $id) { ... on Run { topInputs(axis: "wings") { strength } } } }',
      {
        id: globalId(broken),
      },
    );
    expect(errors?.[0]).toMatchObject({
      extensions: { code: "INTERNAL_SERVER_ERROR", requestId: expect.any(String) },
    });
    expect(JSON.stringify(errors)).not.toContain("0".repeat(64));
  });

  test("can keep the schema to itself", async () => {
    const closed = await startApiUnderTest({ introspection: "nobody" });
    try {
      const { errors } = await closed.graphql("{ __schema { types { name } } }");
      expect(errors?.[0].extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
    } finally {
      await closed.close();
    }
  });
});
