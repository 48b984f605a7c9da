import { beforeEach, describe, expect, it } from "vitest";
import { EncoderSession } from "../src/encoder.ts";
import { NetworkSessions } from "../src/network-sessions.ts";
import { tensorLength } from "../src/preprocessing.ts";
import { encoderGraph, headGraph, modelBytes, weights } from "./onnx-models.ts";
import { CIFAR10_PREPROCESSING } from "./shared-data.ts";

const SPEC = { ...CIFAR10_PREPROCESSING, width: 8, height: 6 };
const images = (count: number, seed: number) => Float32Array.from(weights(count * tensorLength(SPEC), seed));

describe("NetworkSessions", () => {
  let reads: string[];
  let networks: NetworkSessions;

  beforeEach(() => {
    reads = [];
    networks = new NetworkSessions(
      async (name) => {
        reads.push(name);
        if (name === "broken") return Buffer.from("not ONNX");
        return Buffer.from(modelBytes(name === "head" ? headGraph(5, 3) : encoderGraph(8, 6, 5)));
      },
      { instances: 2 },
    );
    return () => networks.close();
  });

  const use = <T>(name: string, work: (encoder: EncoderSession) => Promise<T>) =>
    networks.withEncoder(name, SPEC, "encoder", work);

  it("shares one session among all who use a network, and keeps it for the next", async () => {
    const users = new Set<EncoderSession>();
    const note = async (encoder: EncoderSession) => {
      users.add(encoder);
      await encoder.run(images(1, 3), 1);
    };
    await Promise.all([use("one", note), use("one", note), use("one", note)]);
    await use("one", note);
    expect(users.size).toBe(1);
    expect(reads).toEqual(["one"]);
  });

  it("gives every run its own rows, on every instance", async () => {
    const alone = await EncoderSession.open(modelBytes(encoderGraph(8, 6, 5)), SPEC);
    await use("one", async (encoder) => {
      const seeds = Array.from({ length: 12 }, (_, i) => i + 2);
      const rows = await Promise.all(seeds.map((seed) => encoder.run(images(4, seed), 4)));
      for (const [i, seed] of seeds.entries())
        expect(rows[i].data).toEqual((await alone.run(images(4, seed), 4)).data);
    });
    await alone.close();
  });

  it("opens a fresh session after a failure, while others finish with the old one", async () => {
    let fail: (error: Error) => void = () => {};
    const failing = use(
      "one",
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    let old: EncoderSession | undefined;
    const other = use("one", async (encoder) => {
      old = encoder;
      fail(new Error("cancelled"));
      await expect(failing).rejects.toThrow("cancelled");
      await use("one", async (fresh) => expect(fresh).not.toBe(encoder));
      expect((await encoder.run(images(2, 3), 2)).rows).toBe(2);
    });
    await other;
    await expect(old?.run(images(1, 3), 1)).rejects.toThrow("closed");
    expect(reads).toEqual(["one", "one"]);
  });

  it("tells everybody why a network cannot be opened, and tries again the next time", async () => {
    const tries = [1, 2].map(() => use("broken", async () => "never"));
    for (const attempt of tries) await expect(attempt).rejects.toThrow("not an ONNX file");
    await expect(use("broken", async () => "never")).rejects.toThrow("not an ONNX file");
    expect(reads).toEqual(["broken", "broken"]);
  });

  it("closes the least recently used beyond what two encoders and four other networks take", async () => {
    for (const name of ["a", "b", "c", "d"]) await use(name, async () => {});
    await networks.withHead("head", 5, async () => {});
    await use("b", async () => {});
    expect(reads).toEqual(["a", "b", "c", "d", "head"]);
    await use("a", async () => {});
    expect(reads).toEqual(["a", "b", "c", "d", "head", "a"]);
  });

  it("closes what is in use when it no longer is", async () => {
    let held: EncoderSession | undefined;
    await use("one", async (encoder) => {
      held = encoder;
      await networks.close();
      expect((await encoder.run(images(2, 3), 2)).rows).toBe(2);
    });
    await expect(held?.run(images(1, 3), 1)).rejects.toThrow("closed");
  });
});
