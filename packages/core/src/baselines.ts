export * from "./baselines/logits.ts";
export * from "./baselines/mahalanobis.ts";
export * from "./baselines/nearest-neighbours.ts";
export * from "./baselines/vlm-disagreement.ts";
