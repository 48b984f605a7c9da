/** The similarities of heatmaps, as the API's enum and as the reports name them. */
export const similarities = [
  { value: "COSINE", detector: "cosine" },
  { value: "JACCARD", detector: "jaccard" },
  { value: "L1", detector: "l1" },
  { value: "LOG_LIKELIHOOD_RATIO", detector: "log-likelihood-ratio" },
] as const;

export type Similarity = (typeof similarities)[number]["value"];

const names: Record<string, string> = {
  cosine: "Cosine",
  jaccard: "Jaccard",
  l1: "L1",
  "log-likelihood-ratio": "Log-likelihood ratio",
  combined: "Combined",
  msp: "Maximum softmax (MSP)",
  entropy: "Entropy",
  gen: "GEN",
  energy: "Energy",
  mahalanobis: "Mahalanobis",
  knn: "k-NN",
  "vlm-disagreement": "VLM disagreement",
};

/** A detector or baseline as people write it; an unknown one by its own name. */
export function detectorName(detector: string): string {
  return names[detector] ?? detector;
}

/** The similarity of the API's enum behind a detector of a report; null for baselines and the combination. */
export function similarityOf(detector: string): Similarity | null {
  return similarities.find((similarity) => similarity.detector === detector)?.value ?? null;
}

/** The name in reports of a similarity of the API's enum. */
export function detectorOf(similarity: Similarity): string {
  return similarities.find(({ value }) => value === similarity)!.detector;
}
