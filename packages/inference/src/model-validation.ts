import { EncoderSession } from "./encoder.ts";
import { HeadSession } from "./head.ts";
import { InvalidInputError } from "./invalid-input.ts";
import type { SessionOptions } from "./onnx-session.ts";
import type { PreprocessingSpec } from "./preprocessing.ts";
import { TextTower } from "./text-tower.ts";
import type { TokenizerSpec } from "./tokenizer.ts";
import { WidthMismatchError } from "./width-mismatch.ts";

/** The head gives another number of logits than there are classes. */
export class ClassCountMismatchError extends InvalidInputError {
  readonly classCount: number;
  readonly logitCount: number;

  constructor(classCount: number, logitCount: number) {
    super(
      "classes",
      `${classCount} classes are named, but the head gives ${logitCount} logits`,
      "Name one class per logit, in the order of the logits",
    );
    this.classCount = classCount;
    this.logitCount = logitCount;
  }
}

/**
 * Vets, loads and probes a model version's two graphs. Meant for registration: what passes here runs.
 *
 * @returns d (values per embedding) and K (classes).
 * @throws InvalidModelError, WidthMismatchError (encoder and head), ClassCountMismatchError.
 */
export async function validateModelVersion(
  version: {
    readonly encoder: Uint8Array;
    readonly head: Uint8Array;
    readonly classes: readonly string[];
    readonly preprocessing: PreprocessingSpec;
  },
  options: SessionOptions = {},
): Promise<{ readonly embeddingWidth: number; readonly classCount: number }> {
  const encoder = EncoderSession.open(version.encoder, version.preprocessing, options);
  const width = encoder.then(({ width }) => width);
  // The encoder's failure is told by the encoder.
  width.catch(() => {});
  const head = HeadSession.open(version.head, width, options);
  return withBoth(encoder, head, (encoder, head) => {
    if (head.classCount !== version.classes.length)
      throw new ClassCountMismatchError(version.classes.length, head.classCount);
    return { embeddingWidth: encoder.width, classCount: head.classCount };
  });
}

/**
 * Vets, loads and probes a VLM's two towers.
 *
 * @returns m, the width of the space that images and texts share.
 * @throws InvalidModelError, WidthMismatchError (image and text tower).
 */
export async function validateVlm(
  vlm: {
    readonly imageTower: Uint8Array;
    readonly textTower: Uint8Array;
    readonly tokenizer: TokenizerSpec;
    readonly preprocessing: PreprocessingSpec;
  },
  options: SessionOptions = {},
): Promise<{ readonly embeddingWidth: number }> {
  const images = EncoderSession.open(vlm.imageTower, vlm.preprocessing, { ...options, field: "image tower" });
  const texts = TextTower.open(vlm.textTower, vlm.tokenizer, options);
  return withBoth(images, texts, (images, texts) => {
    if (texts.width !== images.width)
      throw new WidthMismatchError("text tower", texts.width, "the image tower", images.width);
    return { embeddingWidth: images.width };
  });
}

interface Session {
  close(): Promise<void>;
}

/** Two networks open at the same time, each in its process, and are closed whatever happens. The first one's error wins. */
async function withBoth<A extends Session, B extends Session, T>(
  first: Promise<A>,
  second: Promise<B>,
  compare: (first: A, second: B) => T,
): Promise<T> {
  const opened = await Promise.allSettled([first, second]);
  try {
    return compare(await first, await second);
  } finally {
    await Promise.all(opened.map((one) => (one.status === "fulfilled" ? one.value.close() : undefined)));
  }
}
