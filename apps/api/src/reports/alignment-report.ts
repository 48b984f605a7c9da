import type { ReportDetails } from "@faultline/run";
import { builder } from "../builder.ts";

const AlignmentQualityType = builder
  .objectRef<ReportDetails["alignment"]["evaluated"]>("AlignmentQuality")
  .implement({
    description: "How well the map from the classifier's space meets the VLM's image embeddings.",
    fields: (t) => ({
      inputs: t.exposeInt("inputs", {
        description: "Inputs that it was measured on; none of them fitted the map.",
      }),
      r2: t.exposeFloat("r2", { description: "Coefficient of determination, at most 1; may be negative." }),
      meanCosine: t.exposeFloat("meanCosine", { description: "Mean cosine of mapped and VLM embeddings." }),
      centredCosine: t.exposeFloat("centredCosine", {
        description: "The same after the shared mean is taken off, which flatters less.",
      }),
    }),
  });

export const AlignmentReportType = builder
  .objectRef<ReportDetails["alignment"]>("AlignmentReport")
  .implement({
    description: "The affine map into the VLM's space. A poor map looks like a poor encoder: read it first.",
    fields: (t) => ({
      evaluated: t.expose("evaluated", {
        type: AlignmentQualityType,
        description: "On the evaluated inputs.",
      }),
      clean: t.expose("clean", {
        type: AlignmentQualityType,
        nullable: true,
        description: "Side by side, for attacked data: on the clean originals.",
      }),
      heldOut: t.expose("heldOut", {
        type: AlignmentQualityType,
        nullable: true,
        description:
          "On alignment inputs that were kept out of the fit; null when there were too few to keep some out.",
      }),
      lambda: t.exposeFloat("lambda", { description: "Ridge penalty." }),
      rank: t.exposeInt("rank", { description: "Rank of the embeddings that fitted it." }),
    }),
  });
