// The worlds that the ablation runs on: real CLIP with two CIFAR-10 ResNets (where the data are at hand), and the
// shipped Menagerie with its planted faults. Alignment, strengths and predictions by core and inference.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  AlignmentAccumulator,
  applyAlignment,
  conceptVectors,
  fitAlignment,
  type Matrix,
  matrix,
  meanTextEmbedding,
  permutation,
  prompts,
  random,
  row,
  selectRows,
} from "@faultline/core";
import {
  EncoderSession,
  embedImages,
  HeadSession,
  type ImageInput,
  readDatasetArchive,
  TextTower,
} from "@faultline/inference";
import { clipDataIsHere, readClipData } from "../packages/core/test/clip-data.ts";

export type ConceptVariant = "plain" | "centred" | "bare word";

/** Labelled inputs read through an alignment, and what is needed to try the variants on them. */
export interface World {
  readonly name: string;
  readonly classes: readonly string[];
  readonly concepts: readonly string[];
  /** Concepts, then classes, as unit vectors; undefined where the world cannot offer the variant. */
  axis(variant: ConceptVariant): Matrix | undefined;
  /** Aligned embeddings, N×m. */
  readonly aligned: Matrix;
  /** The VLM's own embeddings, N×m. */
  readonly vlm: Matrix;
  readonly logits: Matrix;
  readonly labels: Uint8Array;
  readonly predictions: Uint8Array;
  /** Which rows calibrate and which are scored, in each fold. */
  readonly folds: readonly { readonly calibrate: Uint32Array; readonly score: Uint32Array }[];
  /** A fault that was planted on purpose: misclassifications of this pair have a known cause. */
  readonly planted?: {
    readonly fault: "ENCODER" | "HEAD";
    readonly trueClass: number;
    readonly predictedClass: number;
  };
}

function topClasses(logits: Matrix): Uint8Array {
  return Uint8Array.from({ length: logits.rows }, (_, i) => {
    const values = row(logits, i);
    return values.indexOf(Math.max(...values));
  });
}

/** Real CLIP ViT-B/32 on 350 photographs; every input read and scored through maps and references without it. */
export function clipWorlds(): World[] {
  if (!clipDataIsHere) return [];
  const data = readClipData();
  const concepts = ["Animal", "Vehicle", "Aircraft", "Carnivore", "Land vehicle", "Watercraft", "Reptile"];
  const texts = data.texts([...concepts, ...data.classNames]);
  const centre = meanTextEmbedding(data.wordTexts);
  const foldOf = permutation(350, random(20250317)).map((place) => place % 5);
  const rows = Uint32Array.from(foldOf.keys());
  const folds = [0, 1, 2, 3, 4].map((fold) => ({
    calibrate: rows.filter((i) => foldOf[i] !== fold),
    score: rows.filter((i) => foldOf[i] === fold),
  }));
  return (["resnet20", "resnet56"] as const).map((name) => {
    const { embeddings, logits, predictions } = data.network(name);
    const aligned = matrix(350, 512);
    for (const { calibrate, score } of folds) {
      const accumulator = new AlignmentAccumulator(64, 512).add(
        selectRows(embeddings, calibrate),
        selectRows(data.images, calibrate),
      );
      const mapped = applyAlignment(fitAlignment(accumulator), selectRows(embeddings, score));
      score.forEach((i, k) => {
        aligned.data.set(row(mapped, k), i * 512);
      });
    }
    return {
      name: `CLIP + CIFAR-10 ${name}`,
      classes: data.classNames,
      concepts,
      axis: (variant) =>
        variant === "bare word"
          ? undefined
          : conceptVectors(texts, 1, variant === "centred" ? { centre } : {}),
      aligned,
      vlm: data.images,
      logits,
      labels: data.labels,
      predictions,
      folds,
    };
  });
}

interface MenagerieFile {
  classes: string[];
  conceptSet: { templates: string[]; concepts: { name: string; phrase: string }[] };
  vlm: {
    imageTower: string;
    textTower: string;
    tokenizer: string;
    preprocessing: EncoderSession["preprocessing"];
  };
  model: {
    preprocessing: EncoderSession["preprocessing"];
    versions: {
      name: string;
      encoder: string;
      head: string;
      plantedFault: "none" | "encoder" | "head";
      planted?: { class: string; attribute: string };
    }[];
  };
  datasets: { clean: { archive: string } };
}

/** Which class the planted fault turns its victims into (demo/README.md). */
const PLANTED_PREDICTION: Record<string, string> = { car: "truck", deer: "equine" };

/** Menagerie's three model versions: alignment, calibration and test split as shipped. */
export async function menagerieWorlds(): Promise<World[]> {
  const folder = join(import.meta.dirname, "../demo");
  if (!existsSync(join(folder, "data/menagerie.tar"))) return [];
  const model = (name: string) => readFileSync(join(folder, name));
  const read = (name: string) => JSON.parse(model(name).toString("utf8"));
  const file: MenagerieFile = read("menagerie.json");
  const images: (ImageInput & { split: string; className: string })[] = [];
  for await (const image of readDatasetArchive(join(folder, file.datasets.clean.archive)))
    images.push({
      id: image.id,
      split: image.split ?? "",
      className: image.className,
      read: async () => image.bytes,
    });
  const alignmentRows = indicesWhere(images, ({ split }) => split === "alignment");
  const labelledRows = indicesWhere(images, ({ split }) => split !== "alignment");
  const labelled = Array.from(labelledRows, (i) => images[i]);
  const labels = Uint8Array.from(labelled, ({ className }) => file.classes.indexOf(className));
  const folds = [
    {
      calibrate: indicesWhere(labelled, ({ split }) => split === "calibration"),
      score: indicesWhere(labelled, ({ split }) => split === "test"),
    },
  ];

  const imageTower = await EncoderSession.open(model(file.vlm.imageTower), file.vlm.preprocessing);
  const vlm = await embedded(images, imageTower);
  const textTower = await TextTower.open(model(file.vlm.textTower), read(file.vlm.tokenizer));
  const concepts = file.conceptSet.concepts.map(({ phrase }) => phrase);
  const axisWords = [...concepts, ...file.classes];
  const { templates } = file.conceptSet;
  const templated = await textTower.embed(axisWords.flatMap((word) => prompts(word, templates)));
  const bare = await textTower.embed(axisWords);
  await Promise.all([imageTower.close(), textTower.close()]);
  const axes: Record<ConceptVariant, Matrix> = {
    plain: conceptVectors(templated, templates.length),
    centred: conceptVectors(templated, templates.length, { centre: meanTextEmbedding(templated) }),
    "bare word": conceptVectors(bare, 1),
  };

  const worlds: World[] = [];
  for (const version of file.model.versions) {
    const encoder = await EncoderSession.open(model(version.encoder), file.model.preprocessing);
    const head = await HeadSession.open(model(version.head), encoder.width);
    const embeddings = await embedded(images, encoder);
    const own = selectRows(embeddings, labelledRows);
    const logits = await head.run(own);
    await Promise.all([encoder.close(), head.close()]);
    const accumulator = new AlignmentAccumulator(embeddings.columns, vlm.columns).add(
      selectRows(embeddings, alignmentRows),
      selectRows(vlm, alignmentRows),
    );
    worlds.push({
      name: `Menagerie ${version.name}`,
      classes: file.classes,
      concepts,
      axis: (variant) => axes[variant],
      aligned: applyAlignment(fitAlignment(accumulator), own),
      vlm: selectRows(vlm, labelledRows),
      logits,
      labels,
      predictions: topClasses(logits),
      folds,
      planted: version.planted && {
        fault: version.plantedFault === "head" ? "HEAD" : "ENCODER",
        trueClass: file.classes.indexOf(version.planted.class),
        predictedClass: file.classes.indexOf(PLANTED_PREDICTION[version.planted.class]),
      },
    });
  }
  return worlds;
}

function indicesWhere<T>(items: readonly T[], keep: (item: T) => boolean): Uint32Array {
  return Uint32Array.from(items.keys()).filter((i) => keep(items[i]));
}

async function embedded(images: readonly ImageInput[], encoder: EncoderSession): Promise<Matrix> {
  const out = matrix(images.length, encoder.width);
  let at = 0;
  for await (const { embeddings, poison } of embedImages(images, encoder, { batchSize: 64 })) {
    if (poison.length > 0) throw new Error(`${poison[0].id}: ${poison[0].reason}`);
    out.data.set(embeddings.data, at);
    at += embeddings.data.length;
  }
  return out;
}
