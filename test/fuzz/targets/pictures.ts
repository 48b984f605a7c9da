import { decodeImage, UnreadableImageError } from "@faultline/inference";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated } from "../mutation.ts";
import { pictures } from "./seed-pictures.ts";

const { jpeg, ...others } = pictures;
const isTyped = (error: unknown) => error instanceof UnreadableImageError;
const run = (bytes: Uint8Array) => decodeImage("a", bytes);

export const pictureTargets: readonly FuzzTarget[] = [
  { name: "small-jpeg", input: mutated([jpeg]), run, isTyped },
  // A millisecond each, in libvips.
  { name: "picture", cases: 10_000, input: mutated(Object.values(others)), run, isTyped },
];
