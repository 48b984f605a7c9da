import { count } from "../../format/number.ts";
import { duration } from "../../format/time.ts";
import { configurationText } from "../../runs/run-configuration.ts";
import type { PrintedReport, PrintedRun } from "./run-print-query.ts";

/** What a run was made of, so that it can be made again and held against its hash. */
export function runFacts(run: PrintedRun, report: PrintedReport): [string, string][] {
  const { modelVersion, visionLanguageModel: vlm, conceptSet, attackType } = run;
  const facts: [string, string | null | undefined][] = [
    ["Result sha256", report.resultSha256],
    ["Run", run.id],
    ["Seed", String(run.seed)],
    ["Configuration", configurationText(run.configuration)],
    [
      "Took",
      run.startedAt && run.finishedAt
        ? duration((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000)
        : null,
    ],
    ["Encoder sha256", modelVersion.encoderSha256],
    ["Head sha256", modelVersion.headSha256],
    ["Embedding", `${modelVersion.embeddingWidth} numbers, aligned to ${vlm.embeddingWidth}`],
    ["Git commit", modelVersion.gitCommit],
    ["Training data", modelVersion.trainingDataTag],
    ["VLM image tower sha256", vlm.imageTowerSha256],
    ["VLM text tower sha256", vlm.textTowerSha256],
    ["Tokenizer sha256", vlm.tokenizerSha256],
    [
      "Dataset",
      `${run.dataset.name}${run.dataset.inputCount === null ? "" : `, ${count(run.dataset.inputCount)} inputs`}`,
    ],
    [
      "Attack",
      attackType &&
        `${attackType.name}, ${attackType.norm}, ε ${attackType.epsilon}${attackType.steps === null ? "" : `, ${attackType.steps} steps`}`,
    ],
    [
      "Concepts",
      `${conceptSet.name} v${conceptSet.version}: ${conceptSet.concepts.map(({ phrase }) => phrase).join(", ")}`,
    ],
    ["Templates", conceptSet.templates.join(" · ")],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] != null && fact[1] !== "");
}
