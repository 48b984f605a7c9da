import { existsSync } from "node:fs";
import { join } from "node:path";

const folder = "/work/shared/data";

/** Real models and photographs that are not part of the repository; tests that need them skip without. */
export const hasSharedData = existsSync(folder);
if (!hasSharedData)
  console.warn(`${folder} is absent: tests on the public ResNets and photographs are skipped`);

export function sharedFile(...path: string[]): string {
  return join(folder, ...path);
}

/** Preprocessing of the CIFAR-10 ResNets. */
export const CIFAR10_PREPROCESSING = {
  width: 32,
  height: 32,
  resize: "none" as const,
  interpolation: "bilinear" as const,
  mean: [0.485, 0.456, 0.406] as [number, number, number],
  standardDeviation: [0.229, 0.224, 0.225] as [number, number, number],
};

export const CIFAR10_CLASSES = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];
