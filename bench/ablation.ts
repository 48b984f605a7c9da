// Why each default is the default: every named option beside its rivals, on real CLIP and on Menagerie.
// `npm run bench ablation`. Detection rows are AUROCs of misclassification on inputs that calibrated nothing;
// localisation rows are shares of Menagerie's planted faults, whose cause is known, that got the right verdict.
import {
  calibrateDetector,
  calibrateOracle,
  classHeatmapScores,
  detectionMetrics,
  groundTruthHeatmaps,
  keptMargins,
  localise,
  type Matrix,
  mspScores,
  type OracleAnswers,
  oracleAnswers,
  ranking,
  selectRows,
  strengths,
  vlmDisagreementScores,
} from "@faultline/core";
import { type ConceptVariant, clipWorlds, menagerieWorlds, type World } from "./ablation-worlds.ts";
import { type BenchRow, moreIsBetter, report } from "./report.ts";

interface DetectorChoice {
  readonly concepts: ConceptVariant;
  readonly similarity: "cosine" | "jaccard" | "l1" | "log-likelihood-ratio";
  readonly reference: "pairwise" | "class-concept";
}
const DEFAULT: DetectorChoice = {
  concepts: "plain",
  similarity: "log-likelihood-ratio",
  reference: "pairwise",
};

function auroc(world: World, scores: Float64Array): number {
  const scored = world.folds.flatMap(({ score }) => Array.from(score));
  return detectionMetrics(
    ranking(
      scored.map((i) => scores[i]),
      scored.map((i) => world.predictions[i] !== world.labels[i]),
    ),
  ).auroc;
}

/** AUROC of the heatmap detector; undefined where the world lacks the variant. */
function detection(world: World, choice: DetectorChoice): number | undefined {
  const axis = world.axis(choice.concepts);
  if (!axis) return undefined;
  const all = strengths(world.aligned, axis);
  const scores = new Float64Array(all.rows);
  for (const { calibrate, score } of world.folds) {
    const pick = (values: Uint8Array, rows: Uint32Array) => Array.from(rows, (i) => values[i]);
    const detector = calibrateDetector(
      {
        strengths: selectRows(all, calibrate),
        labels: pick(world.labels, calibrate),
        predictions: pick(world.predictions, calibrate),
        concepts: [...world.concepts, ...world.classes],
        classes: world.classes,
      },
      { similarity: choice.similarity, reference: choice.reference, rule: { kind: "zero" } },
    );
    const own = detector.scores(selectRows(all, score), pick(world.predictions, score));
    score.forEach((i, k) => {
      scores[i] = own[k];
    });
  }
  return auroc(world, scores);
}

function detectionRows(world: World): BenchRow[] {
  const ours = detection(world, DEFAULT);
  if (ours === undefined) throw new Error(`${world.name} lacks the default concept vectors`);
  const classStrengths = strengths(world.aligned, classVectors(world));
  const rivals: [string, string, number | undefined][] = [
    ["concept vectors", "centred", detection(world, { ...DEFAULT, concepts: "centred" })],
    ["prompts", "bare word", detection(world, { ...DEFAULT, concepts: "bare word" })],
    ["reference", "class × concept", detection(world, { ...DEFAULT, reference: "class-concept" })],
    ["similarity", "cosine", detection(world, { ...DEFAULT, similarity: "cosine" })],
    ["similarity", "jaccard", detection(world, { ...DEFAULT, similarity: "jaccard" })],
    ["similarity", "l1", detection(world, { ...DEFAULT, similarity: "l1" })],
    ["baseline", "MSP", auroc(world, mspScores(world.logits))],
    ["baseline", "VLM disagreement", auroc(world, vlmDisagreementScores(classStrengths, world.predictions))],
  ];
  return rivals.flatMap(([what, name, value]) =>
    value === undefined
      ? []
      : [moreIsBetter(`ablation ${world.name}: ${what}`, ours, { name, value }, "AUROC")],
  );
}

function classVectors(world: World): Matrix {
  const axis = world.axis("plain");
  if (!axis) throw new Error(`${world.name} lacks plain concept vectors`);
  const first = world.concepts.length;
  return selectRows(
    axis,
    Array.from(world.classes, (_, k) => first + k),
  );
}

/** The oracle variants on a world: name and answers for all inputs, calibrated on the first fold's split. */
function localisationRows(world: World): BenchRow[] {
  const { calibrate, score } = world.folds[0];
  const vectors = classVectors(world);
  const axis = world.axis("plain");
  if (!axis) return [];
  const correct = calibrate.filter((i) => world.predictions[i] === world.labels[i]);
  const all = strengths(world.aligned, axis);
  const references = groundTruthHeatmaps(
    selectRows(all, correct),
    Array.from(correct, (i) => world.labels[i]),
    world.classes.length,
  );
  const answers = (scores: Matrix) => oracleAnswers(scores, world.labels);
  const vlm = answers(strengths(world.vlm, vectors));
  const vlmMargin = calibrateOracle(vlm, correct).margin;
  const variants: Record<string, OracleAnswers> = {
    "class text": answers(strengths(world.aligned, vectors)),
    "class text, HEAD at any margin": answers(strengths(world.aligned, vectors)),
    "class heatmap, log-likelihood": answers(classHeatmapScores(all, references, "log-likelihood")),
    "class heatmap, cosine": answers(classHeatmapScores(all, references, "cosine")),
    "VLM image": vlm,
  };
  const correctTest = score.filter((i) => world.predictions[i] === world.labels[i]);
  const measured = Object.entries(variants).map(([name, oracle]) => {
    const margin = calibrateOracle(oracle, correct).margin;
    const kept = name.endsWith("any margin")
      ? undefined
      : keptMargins(oracle, world.labels, correct, world.classes.length);
    const heard = correctTest.filter((i) => oracle.margins[i] > 0).length / correctTest.length;
    const faults = localise(
      { labels: world.labels, predictions: world.predictions, oracle, vlm },
      { oracle: margin, vlm: vlmMargin, kept },
    );
    const { planted } = world;
    const victims = score.filter(
      (i) => world.labels[i] === planted?.trueClass && world.predictions[i] === planted.predictedClass,
    );
    const share = (fault: string) => victims.filter((i) => faults[i] === fault).length / victims.length;
    const undecided = share("UNDECIDED");
    // Of the verdicts that were given: an honest "undecided" is not a wrong one.
    const right = planted && share(planted.fault) / (1 - undecided);
    return { name, heard, right, undecided, victims };
  });
  const [ours, ...rivals] = measured;
  return rivals.flatMap(({ name, heard, right, undecided, victims }) => [
    moreIsBetter(
      `ablation ${world.name}: oracle on correct inputs`,
      ours.heard,
      { name, value: heard },
      "share right",
    ),
    ...(right === undefined || ours.right === undefined
      ? []
      : [
          moreIsBetter(
            `ablation ${world.name}: oracle on planted ${world.planted?.fault} faults`,
            ours.right,
            { name, value: right },
            "share right of decided",
            `${name}: ${victims.length} inputs; undecided ${ours.undecided.toFixed(2)} beside ${undecided.toFixed(2)}`,
          ),
        ]),
  ]);
}

const worlds = [...clipWorlds(), ...(await menagerieWorlds())];
if (worlds.length === 0) throw new Error("neither the CLIP data nor Menagerie are here");
report(
  "ablation",
  worlds.flatMap((world) => [...detectionRows(world), ...localisationRows(world)]),
  { ours: "plain concept vectors, templates, pairwise, log-likelihood-ratio, class-text oracle" },
);
