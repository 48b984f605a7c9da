import type { ReportDetails } from "@faultline/run";
import { builder } from "../builder.ts";

export const ConceptShiftType = builder
  .objectRef<ReportDetails["encoderExplanation"][number]>("ConceptShift")
  .implement({
    description: "A concept that the encoder lost or invented against the VLM's own view.",
    fields: (t) => ({
      concept: t.exposeString("axis", { description: "Its phrase." }),
      shift: t.exposeFloat("shift", {
        description: "In standard deviations; negative: lost, positive: invented.",
      }),
      qValue: t.exposeFloat("qValue", { description: "Benjamini-Hochberg." }),
    }),
  });

const ConceptWeightType = builder.objectRef<{ axis: string; weight: number }>("ConceptWeight").implement({
  description: "How much a concept speaks for the wrong class in the head.",
  fields: (t) => ({
    concept: t.exposeString("axis", { description: "Its phrase." }),
    weight: t.exposeFloat("weight", {
      description: "Positive: for the predicted class, against the true one.",
    }),
  }),
});

interface HeadExplanationShape {
  trueClass: string;
  predictedClass: string;
  concepts: { axis: string; weight: number }[];
}

export const HeadExplanationType = builder.objectRef<HeadExplanationShape>("HeadExplanation").implement({
  description: "Concepts that the head weighs wrongly for a pair of classes.",
  fields: (t) => ({
    trueClass: t.exposeString("trueClass", { description: "The label." }),
    predictedClass: t.exposeString("predictedClass", { description: "The answer." }),
    concepts: t.expose("concepts", {
      type: [ConceptWeightType],
      description: "Largest first.",
    }),
  }),
});

export const ConceptFidelityType = builder
  .objectRef<ReportDetails["fidelity"][number]>("ConceptFidelity")
  .implement({
    description: "How faithfully the map carries a concept.",
    fields: (t) => ({
      concept: t.exposeString("axis", { description: "Its phrase." }),
      correlation: t.exposeFloat("correlation", {
        nullable: true,
        description: "Pearson correlation of aligned and VLM strengths; null when one of them does not vary.",
      }),
    }),
  });
