import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Matrix, matrix, row, selectRows } from "../src/index.ts";

const folder = fileURLToPath(new URL("../../../../shared/data/clip-vitb32/", import.meta.url));

/** False where the real CLIP numbers are absent (they are not part of the product); the reason is printed. */
export const clipDataIsHere = existsSync(folder);
if (!clipDataIsHere) console.warn(`skipped: the CLIP ViT-B/32 test data are not in ${folder}`);

/** The values of a NumPy .npy file of little-endian float16, float32 or uint8. */
function readNpy(name: string): { shape: number[]; values: Float32Array } {
  const file = readFileSync(folder + name);
  const body = 10 + file.readUInt16LE(8);
  const header = file.toString("latin1", 10, body);
  const shape = /'shape': \(([^)]*)\)/.exec(header)![1].split(",").filter(Boolean).map(Number);
  const bytes = file.buffer.slice(file.byteOffset + body, file.byteOffset + file.length);
  const values = header.includes("'<f4'")
    ? new Float32Array(bytes)
    : header.includes("'<f2'")
      ? Float32Array.from(new Uint16Array(bytes), halfPrecision)
      : Float32Array.from(new Uint8Array(bytes));
  return { shape: shape.filter((size) => size > 0), values };
}

/** The value of IEEE 754 binary16 bits (normal and subnormal numbers). */
function halfPrecision(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const size = exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
  return bits >> 15 ? -size : size;
}

function readMatrix(name: string): Matrix {
  const { shape, values } = readNpy(name);
  return matrix(shape[0], shape[1], values);
}

/** OpenAI CLIP ViT-B/32 numbers of the first 350 CIFAR-10 test photographs, and of text. */
export function readClipData() {
  const photographs = "cifar10_test_0-349_";
  const words: string[] = JSON.parse(readFileSync(`${folder}oid500_names.json`, "utf8"));
  const wordTexts = readMatrix("oid500_clip_vitb32_text_f32_unnormalised.npy");
  const texts = (names: readonly string[]) =>
    selectRows(
      wordTexts,
      names.map((name) => {
        const at = words.indexOf(name);
        if (at < 0) throw new Error(`no text embedding of ${name}`);
        return at;
      }),
    );
  const classNames = ["Airplane", "Car", "Bird", "Cat", "Deer", "Dog", "Frog", "Horse", "Boat", "Truck"];
  return {
    /** 350×512, unit length. */
    images: readMatrix(`${photographs}clip_vitb32_image_f32.npy`),
    /** 350 classes, in the order of `classNames`. */
    labels: Uint8Array.from(readNpy(`${photographs}labels.npy`).values),
    classNames,
    words,
    /** 500×512, prompt "a WORD", not normalised. */
    wordTexts,
    texts,
    classTexts: texts(classNames),
    /** Text of another CLIP (ViT-B/16), same width. */
    otherTexts: readMatrix("negative_control_imagenet1000_clip_vitb16_text.npy"),
    /** 350×64 embeddings and 350×10 logits of a CIFAR-10 ResNet. */
    network: (name: "resnet20" | "resnet56") => {
      const logits = readMatrix(`${photographs}${name}_logits.npy`);
      const predictions = Uint8Array.from({ length: logits.rows }, (_, i) => {
        const values = row(logits, i);
        return values.indexOf(Math.max(...values));
      });
      return { embeddings: readMatrix(`${photographs}${name}_features.npy`), logits, predictions };
    },
  };
}
