import { existsSync, readFileSync } from "node:fs";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated } from "../mutation.ts";

const vetting = new URL("../../../packages/inference/src/network-process/vetting.mjs", import.meta.url);
const modelAt = (path: string) => readFileSync(new URL(`../../../demo/models/${path}`, import.meta.url));

interface Vetting {
  vet(file: Uint8Array): unknown;
  RefusedModel: new (...rest: never[]) => Error;
}

/** Mutations of the demo's models through the vetting that every uploaded model passes before anything else reads it. */
async function targets(): Promise<FuzzTarget[]> {
  if (!existsSync(vetting)) return [];
  const { vet, RefusedModel }: Vetting = await import(vetting.href);
  return [
    {
      name: "model",
      cases: 10_000,
      input: mutated([modelAt("v1.0/head.onnx"), modelAt("vlm/text-tower.onnx")]),
      run: (bytes) => vet(bytes),
      isTyped: (error) => error instanceof RefusedModel,
    },
  ];
}

export const modelTargets: readonly FuzzTarget[] = await targets();
