import { type RunConfiguration, runConfigurationSchema } from "@faultline/run";
import { builder } from "../builder.ts";
import { SimilarityType } from "../enums.ts";
import { parse } from "../errors.ts";

/** What each part decides. */
const says: Record<keyof RunConfiguration, string> = {
  seed: "Seeds every draw of the run: the same seed gives the same bits.",
  includeClassConcepts: "Whether class names join the concepts on the axis of the heatmaps.",
  centreConceptVectors: "Whether concept vectors are centred by the mean text embedding.",
  ridgePenalty: "Ridge penalty of the alignment; null: chosen by generalised cross-validation.",
  alignmentHeldOutShare: "Share of the alignment inputs that is held out to measure the map.",
  similarity: "Similarity of the published verdicts.",
  falseAlarmRate: "Wanted false-alarm rate; null: the paper's rule, score > 0.",
  minimumIncorrectInputs: "Classes with fewer incorrect calibration inputs use the pooled reference.",
  minimumCellInputs: "A cell is tested only where both sides have at least so many inputs.",
  significanceLevel: "Benjamini-Hochberg level of significant cells.",
  bootstrapReplicates: "Replicates of each bootstrap interval.",
  shardSize: "Inputs a shard: the unit of caching, retrying and cancelling.",
};

const optional = (name: keyof RunConfiguration, bounds: string) => {
  const value = runConfigurationSchema.shape[name].parse(undefined);
  return `${says[name]} ${bounds}${value === null ? "null" : value} by default.`;
};

export const RunConfigurationInput = builder.inputType("RunConfigurationInput", {
  description: "What decides the result of a run besides its artifacts; each part has a default.",
  fields: (t) => ({
    seed: t.int({ description: optional("seed", "0 or more; ") }),
    includeClassConcepts: t.boolean({ description: optional("includeClassConcepts", "") }),
    centreConceptVectors: t.boolean({ description: optional("centreConceptVectors", "") }),
    ridgePenalty: t.float({ description: optional("ridgePenalty", "Above 0; ") }),
    alignmentHeldOutShare: t.float({ description: optional("alignmentHeldOutShare", "0.05 to 0.5; ") }),
    similarity: t.field({ type: SimilarityType, description: optional("similarity", "") }),
    falseAlarmRate: t.float({ description: optional("falseAlarmRate", "Between 0 and 1; ") }),
    minimumIncorrectInputs: t.int({ description: optional("minimumIncorrectInputs", "1 or more; ") }),
    minimumCellInputs: t.int({ description: optional("minimumCellInputs", "1 or more; ") }),
    significanceLevel: t.float({ description: optional("significanceLevel", "Between 0 and 1; ") }),
    bootstrapReplicates: t.int({ description: optional("bootstrapReplicates", "100 to 10,000; ") }),
    shardSize: t.int({ description: optional("shardSize", "16 to 65,536; ") }),
  }),
});

/** Parts of which null says something; of the others it says that they are left out. */
const nullMeans = new Set(["ridgePenalty", "falseAlarmRate"]);

/** The whole configuration, defaults filled in. @throws ValidationError naming the parts at fault */
export function configurationOf(
  input: typeof RunConfigurationInput.$inferInput | null | undefined,
): RunConfiguration {
  const given = Object.entries(input ?? {}).filter(([name, value]) => value !== null || nullMeans.has(name));
  return parse(runConfigurationSchema, Object.fromEntries(given), "input.configuration");
}

export const RunConfigurationType = builder.objectRef<RunConfiguration>("RunConfiguration").implement({
  description: "What decided the result of a run besides its artifacts, defaults filled in.",
  fields: (t) => ({
    seed: t.exposeInt("seed", { description: says.seed }),
    includeClassConcepts: t.exposeBoolean("includeClassConcepts", { description: says.includeClassConcepts }),
    centreConceptVectors: t.exposeBoolean("centreConceptVectors", { description: says.centreConceptVectors }),
    ridgePenalty: t.exposeFloat("ridgePenalty", { nullable: true, description: says.ridgePenalty }),
    alignmentHeldOutShare: t.exposeFloat("alignmentHeldOutShare", {
      description: says.alignmentHeldOutShare,
    }),
    similarity: t.expose("similarity", { type: SimilarityType, description: says.similarity }),
    falseAlarmRate: t.exposeFloat("falseAlarmRate", { nullable: true, description: says.falseAlarmRate }),
    minimumIncorrectInputs: t.exposeInt("minimumIncorrectInputs", {
      description: says.minimumIncorrectInputs,
    }),
    minimumCellInputs: t.exposeInt("minimumCellInputs", { description: says.minimumCellInputs }),
    significanceLevel: t.exposeFloat("significanceLevel", { description: says.significanceLevel }),
    bootstrapReplicates: t.exposeInt("bootstrapReplicates", { description: says.bootstrapReplicates }),
    shardSize: t.exposeInt("shardSize", { description: says.shardSize }),
  }),
});
