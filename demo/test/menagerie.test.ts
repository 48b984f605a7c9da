import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { attributeNames, attributeShares, sampleAttributes } from "../world/attributes.ts";
import type { PictureFacts } from "../world/build-data.ts";
import { promptCaption, sentenceCaption, words } from "../world/captions.ts";
import { classNames } from "../world/class-names.ts";
import { createRandom } from "../world/random.ts";
import { renderRgb } from "../world/render.ts";
import { composeScene } from "../world/scene.ts";
import { archivePath, splitEntries } from "../world/splits.ts";
import { packTar, unpackTar } from "../world/tar.ts";

const data = (name: string): Promise<Buffer> => readFile(new URL(`../data/${name}`, import.meta.url));

async function facts(): Promise<Record<string, PictureFacts>> {
  return (
    JSON.parse((await data("attributes.json")).toString()) as { pictures: Record<string, PictureFacts> }
  ).pictures;
}

async function fingerprint(seed: string): Promise<string> {
  const hash = createHash("sha256");
  for (const className of classNames) hash.update(await renderRgb(composeScene(className, seed).svg(64)));
  return hash.digest("hex");
}

describe("the picture world", () => {
  it("draws the same bytes from the same seed, and others from another", async () => {
    const first = await fingerprint("a");
    expect(await fingerprint("a")).toBe(first);
    expect(await fingerprint("b")).not.toBe(first);
  });

  it("gives attributes their shares", () => {
    const draws = 4000;
    for (const className of classNames) {
      const counts = new Map<string, number>();
      for (let i = 0; i < draws; i += 1) {
        for (const attribute of sampleAttributes(className, createRandom("share", className, i))) {
          counts.set(attribute, (counts.get(attribute) ?? 0) + 1);
        }
      }
      for (const attribute of attributeNames) {
        expect(
          Math.abs((counts.get(attribute) ?? 0) / draws - (attributeShares[className][attribute] ?? 0)),
        ).toBeLessThan(0.03);
      }
    }
  });

  it("never has floppy ears without ears", () => {
    for (let i = 0; i < 2000; i += 1) {
      const found = sampleAttributes("dog", createRandom(i));
      if (found.has("floppy-ears")) expect(found.has("ears")).toBe(true);
    }
  });

  it("hides the wheels of a vehicle without them", () => {
    const covered = Array.from({ length: 60 }, (_, i) =>
      composeScene("car", `cover/${String(i)}`, { car: { wheels: 0 } }),
    );
    expect(covered.every((scene) => !scene.attributes.includes("wheels"))).toBe(true);
  });
});

describe("captions", () => {
  it("use the tokenizer's words only, and claim only what is true", async () => {
    const tokenizer = JSON.parse(
      await readFile(new URL("../models/vlm/tokenizer.json", import.meta.url), "utf8"),
    ) as { vocabulary: Record<string, number>; contextLength: number };
    for (const className of classNames) {
      for (let i = 0; i < 100; i += 1) {
        const scene = composeScene(className, `caption/${String(i)}`);
        const random = createRandom("caption", className, i);
        for (const { text, claims } of [promptCaption(scene, random), sentenceCaption(scene, random)]) {
          expect(words(text).filter((word) => tokenizer.vocabulary[word] === undefined)).toEqual([]);
          expect(claims.className ?? className).toBe(className);
          expect(claims.place ?? scene.place).toBe(scene.place);
          expect(claims.attributes.filter((attribute) => !scene.attributes.includes(attribute))).toEqual([]);
        }
      }
    }
  });
});

describe("the shipped archives", () => {
  it("hold each picture of attributes.json once, in its place", async () => {
    const names = unpackTar(await data("menagerie.tar")).map(({ name }) => name);
    const expected = (["alignment", "calibration", "test"] as const)
      .flatMap((split) => splitEntries(split).map(archivePath))
      .sort();
    expect(names).toEqual(expected);
    expect(Object.keys(await facts()).sort()).toEqual(
      expected.map((name) => name.replace(/^.*\/(.*)\.png$/, "$1")).sort(),
    );
  });

  it("are what the generator draws today", async () => {
    const archive = new Map(
      unpackTar(await data("menagerie.tar")).map(({ name, content }) => [name, content]),
    );
    const known = await facts();
    for (const entry of splitEntries("test").slice(0, 40)) {
      const png = archive.get(archivePath(entry));
      expect(png).toBeDefined();
      const scene = composeScene(entry.className, entry.seed);
      expect(scene.attributes).toEqual(known[entry.id]?.attributes);
      expect((await sharp(png).removeAlpha().raw().toBuffer()).equals(await renderRgb(scene.svg(64)))).toBe(
        true,
      );
    }
  });

  it("keep attacked pixels within 8 of the clean ones, without loss", async () => {
    const clean = new Map(unpackTar(await data("menagerie.tar")).map(({ name, content }) => [name, content]));
    for (const attack of ["fgsm", "pgd"]) {
      const attacked = unpackTar(await data(`menagerie-${attack}.tar`));
      expect(attacked.map(({ name }) => name)).toEqual(
        [...clean.keys()].filter((name) => name.startsWith("test/")).sort(),
      );
      let largest = 0;
      for (const { name, content } of attacked.slice(0, 60)) {
        const [a, b] = await Promise.all([
          sharp(content).removeAlpha().raw().toBuffer(),
          sharp(clean.get(name)).removeAlpha().raw().toBuffer(),
        ]);
        for (let i = 0; i < a.length; i += 1)
          largest = Math.max(largest, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
      }
      expect(largest).toBe(8);
    }
  });

  it("pack to the same bytes in any order", () => {
    const files = ["b", "a", "c"].map((name) => ({ name, content: Buffer.from(name.repeat(600)) }));
    expect(packTar(files).equals(packTar([...files].reverse()))).toBe(true);
    expect(unpackTar(packTar(files)).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });
});
