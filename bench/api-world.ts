// The database that bench/api.ts asks: runs of one model on one dataset, each with as many verdicts.
import { random } from "@faultline/core";
import {
  type Database,
  type Fault,
  ingestInputs,
  type Prisma,
  publishVerdicts,
  type VerdictRow,
} from "@faultline/db";
import type { ReportDetails } from "@faultline/run";
import { from as copyFrom } from "pg-copy-streams";
import { createRun, registerProject } from "./registered-project.ts";

export const classes = ["truck", "car", "plane", "ship", "cat", "dog", "equine", "deer", "frog", "bird"];
const concepts = [
  ...[
    "long snout",
    "wings",
    "wheels",
    "text",
    "horns",
    "floppy ears",
    "ears",
    "colored eyes",
    "tail",
    "mane",
  ],
  ...["beak", "hairy", "metallic", "rectangular", "wet", "long", "tall", "patterned"],
];
const ofMenagerie = { classes, concepts };
const axis = [...concepts, ...classes];

export interface BenchWorld {
  runs: string[];
  /** Rates of publication of each run, in verdicts a second, with all indexes built. */
  publicationRates: number[];
}

/** One project with `runs` runs of `inputs` verdicts each. */
export async function createBenchWorld(
  { prisma, pool }: Database,
  runs: number,
  inputs: number,
): Promise<BenchWorld> {
  const project = await registerProject({ prisma }, { ...ofMenagerie, versions: runs });
  await ingestInputs(pool, project.datasetId, inputRows(inputs));
  const first = await prisma.input.findFirstOrThrow({
    where: { datasetId: project.datasetId, position: 0 },
    select: { id: true },
  });
  const world: BenchWorld = { runs: [], publicationRates: [] };
  for (let seed = 0; seed < runs; seed++) {
    const runId = await createRun({ prisma }, project, seed, "RUNNING");
    await writeReport({ prisma }, runId, inputs, seed);
    const start = performance.now();
    await publishVerdicts(pool, {
      runId,
      attempt: 1,
      verdicts: verdictRows(inputs, Number(first.id), seed),
    });
    world.publicationRates.push(inputs / ((performance.now() - start) / 1000));
    world.runs.push(runId);
  }
  await pool.query("VACUUM ANALYZE");
  return world;
}

function* inputRows(count: number) {
  for (let i = 0; i < count; i++)
    yield { externalId: externalId(i), split: "TEST" as const, label: i % classes.length };
}

function externalId(i: number): string {
  return `test/${classes[i % classes.length]}/${String(i).padStart(8, "0")}.jpg`;
}

/** Verdicts as a classifier of 85 % accuracy earns them; the same seed gives the same ones. */
export function* verdictRows(count: number, firstInput: number, seed: number): Generator<VerdictRow> {
  const uniform = random(seed + 1);
  const spoke = new Int16Array(3);
  const row: VerdictRow = {
    inputId: 0,
    position: 0,
    externalId: "",
    label: 0,
    predictedClass: 0,
    oracleClass: 0,
    confidence: 0,
    verdict: "OK",
    score: 0,
    threshold: 0.55,
    misclassified: false,
    fault: "NONE",
    concepts: spoke,
  };
  for (let i = 0; i < count; i++) {
    const label = i % classes.length;
    const misclassified = uniform() < 0.15;
    row.inputId = firstInput + i;
    row.position = i;
    row.externalId = externalId(i);
    row.label = label;
    row.misclassified = misclassified;
    row.predictedClass = misclassified ? (label + 1 + Math.floor(uniform() * 9)) % classes.length : label;
    row.fault = misclassified ? faultOf(uniform()) : "NONE";
    row.oracleClass = row.fault === "ENCODER" ? row.predictedClass : label;
    row.confidence = 1 - uniform() * (misclassified ? 0.7 : 0.3);
    row.score = uniform() + (misclassified ? 0.3 : 0) - 0.5;
    row.verdict = row.score > row.threshold ? "DEFECT" : "OK";
    for (let k = 0; k < 3; k++) spoke[k] = Math.floor(uniform() * axis.length);
    yield row;
  }
}

function faultOf(u: number): Fault {
  return u < 0.5 ? "ENCODER" : u < 0.9 ? "HEAD" : "UNDECIDED";
}

/** Names of a run's axis. */
interface Names {
  readonly classes: readonly string[];
  readonly concepts: readonly string[];
}

/** A report of the size that these classes and concepts give; by default ten and 18. */
export async function writeReport(
  { prisma }: Pick<Database, "prisma">,
  runId: string,
  inputs: number,
  seed: number,
  { classes, concepts }: Names = ofMenagerie,
): Promise<void> {
  const axis = [...concepts, ...classes];
  const uniform = random(seed + 1000);
  const interval = () => {
    const value = uniform();
    return { value, low: value * 0.9, high: Math.min(1, value * 1.1) };
  };
  const quality = () => ({ inputs, r2: uniform(), meanCosine: uniform(), centredCosine: uniform() });
  const responsible = () =>
    concepts.map((phrase, i) => ({
      axis: phrase,
      effect: uniform(),
      low: 0,
      high: 1,
      qValue: uniform() / 100,
      significantCells: 20 - i,
      exampleInputs: Array.from({ length: 5 }, () => externalId(Math.floor(uniform() * inputs))),
    }));
  const wrong = Math.round(inputs * 0.15);
  const faults = (of: number) => ({
    encoderFaults: Math.round(of / 2),
    headFaults: of - Math.round(of / 2),
    undecidedFaults: 0,
  });
  const zeros = "0".repeat(64);
  const details: ReportDetails = {
    alignment: { evaluated: quality(), clean: null, heldOut: quality(), lambda: 1, rank: 128 },
    fidelity: axis.map((phrase) => ({ axis: phrase, correlation: uniform() })),
    oracle: {
      errorOnCorrect: interval(),
      zeroShotAccuracy: interval(),
      margin: 0.01,
      agreement: (["CLASS_TEXT", "CLASS_HEATMAP", "VLM_IMAGE"] as const).map((variant) => ({
        variant,
        localised: wrong,
        changed: Math.floor(uniform() * wrong),
      })),
      corrected: { encoder: interval(), head: interval() },
    },
    responsibleConcepts: responsible(),
    responsibleConceptsByClass: classes.map((_, classIndex) => ({ classIndex, concepts: responsible() })),
    attackConcepts: null,
    encoderExplanation: concepts.map((phrase) => ({ axis: phrase, shift: uniform(), qValue: uniform() })),
    headExplanation: [],
    detector: {
      similarity: "log-likelihood-ratio",
      falseAlarmRate: 0.05,
      threshold: 0.55,
      pooledClasses: [],
      measuredFalseAlarmRate: interval(),
      measuredDetectionRate: interval(),
      positives: "misclassified inputs",
      negatives: "correctly classified inputs",
      combinedKept: false,
    },
    calibration: { inputs: 0, strengthsSha256: zeros, inputsSha256: zeros, conceptVectorsSha256: zeros },
    warnings: [],
  };
  await prisma.runReport.create({
    data: {
      runId,
      axis,
      conceptCount: concepts.length,
      inputs,
      labelled: inputs,
      misclassified: wrong,
      quarantinedCount: 0,
      accuracy: 1 - wrong / inputs,
      accuracyLow: 0.84,
      accuracyHigh: 0.86,
      ...faults(wrong),
      details: details as unknown as Prisma.InputJsonObject,
      strengthsSha256: zeros,
      vlmStrengthsSha256: zeros,
      alignmentSha256: zeros,
      resultSha256: String(seed).padStart(64, "0"),
    },
  });
  await prisma.classReport.createMany({
    data: classes.map((_, classIndex) => ({
      runId,
      classIndex,
      inputs: Math.round(inputs / classes.length),
      correct: Math.round((inputs * 0.85) / classes.length),
      ...faults(Math.round(wrong / classes.length)),
    })),
  });
  await prisma.faultPair.createMany({
    data: classes.flatMap((_, trueClass) =>
      classes.map((_, predictedClass) => ({
        runId,
        trueClass,
        predictedClass,
        inputs: 100,
        ...faults(trueClass === predictedClass ? 0 : 100),
      })),
    ),
  });
  const names = ["log-likelihood-ratio", "cosine", "jaccard", "l1", "msp", "entropy", "gen", "energy", "knn"];
  const curve = (columns: number) =>
    Array.from({ length: 100 }, () => Array.from({ length: columns }, uniform));
  await prisma.detectorMetric.createMany({
    data: names.map((detector, i) => ({
      runId,
      detector,
      semantic: i < 4,
      positives: wrong,
      negatives: inputs - wrong,
      auroc: uniform(),
      aurocLow: 0.6,
      aurocHigh: 0.9,
      auprIn: uniform(),
      auprOut: uniform(),
      fpr95: uniform(),
      aurc: uniform(),
      curves: { roc: curve(3), riskCoverage: curve(2) },
    })),
  });
}

/**
 * What a bare COPY makes of the same verdicts: lines rendered beforehand, one transaction, FREEZE, then the same
 * indexes. Nothing is checked, attached or announced.
 *
 * @returns verdicts a second: of the COPY alone, and with the indexes
 */
export async function bareCopyRates(
  { pool }: Database,
  runId: string,
  inputs: number,
): Promise<{ copy: number; indexed: number }> {
  const lines = renderedLines(runId, inputs);
  const client = await pool.connect();
  try {
    const { rows: indexes } = await client.query<{ definition: string }>(
      `SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index
       WHERE indrelid = 'verdict'::regclass AND NOT indisprimary`,
    );
    const start = performance.now();
    await client.query("BEGIN");
    await client.query("CREATE TABLE bare_copy (LIKE verdict INCLUDING DEFAULTS INCLUDING CONSTRAINTS)");
    const stream = client.query(copyFrom("COPY bare_copy FROM STDIN (FREEZE)"));
    for (const line of lines)
      if (!stream.write(line)) await new Promise((resolve) => stream.once("drain", resolve));
    await new Promise<void>((resolve, reject) => {
      stream.once("finish", resolve).once("error", reject);
      stream.end();
    });
    const copied = performance.now();
    await client.query("ALTER TABLE bare_copy ADD PRIMARY KEY (run_id, input_id)");
    for (const { definition } of indexes)
      await client.query(definition.replace(/ INDEX .*? USING /, " INDEX ON bare_copy USING "));
    await client.query("ANALYZE bare_copy");
    await client.query("COMMIT");
    const end = performance.now();
    await client.query("DROP TABLE bare_copy");
    const rate = (milliseconds: number) => inputs / (milliseconds / 1000);
    return { copy: rate(copied - start), indexed: rate(end - start) };
  } finally {
    client.release();
  }
}

/** COPY's text format, in chunks of about 64 KiB, as the columns of `verdict` stand. */
function renderedLines(runId: string, inputs: number): string[] {
  const chunks: string[] = [];
  let chunk = "";
  for (const row of verdictRows(inputs, 1, 0)) {
    const values = [
      ...[runId, row.inputId, row.position, row.externalId, row.label, row.predictedClass, row.oracleClass],
      ...[row.confidence, row.verdict, row.score, row.threshold, row.misclassified ? "t" : "f", row.fault],
      `{${Array.from(row.concepts).join(",")}}`,
    ];
    chunk += `${values.join("\t")}\n`;
    if (chunk.length > 65_536) {
      chunks.push(chunk);
      chunk = "";
    }
  }
  return [...chunks, chunk];
}
