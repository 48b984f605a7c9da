import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { onnx } from "../src/network-process/graph.mjs";
import { MOST_FIELDS, RefusedModel, vet } from "../src/network-process/vetting.mjs";
import { damagedModels, field, HIDING_PLACES, model, smallModels, varint } from "./hostile-models.ts";
import { encoderGraph, FLOAT, modelBytes, node, valueInfo } from "./onnx-models.ts";
import { hasSharedData, sharedFile } from "./shared-data.ts";

const plain = modelBytes(encoderGraph(8, 6, 5));
const graph = onnx.GraphProto.encode(encoderGraph(8, 6, 5)).finish();

/** Processor time: other work on the machine does not count. */
function secondsOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

describe("vet", () => {
  it("lets ordinary models pass, and says what operators they have", () => {
    for (const bytes of smallModels()) expect(() => vet(bytes)).not.toThrow();
    expect([...vet(plain)]).toEqual(["Conv", "Relu", "GlobalAveragePool", "Flatten"]);
  });

  it("lets every field of ONNX pass that runs nothing and names no file", () => {
    const entry = Buffer.concat([field(1, Buffer.from("key")), field(2, Buffer.from("value"))]);
    const devices = field(
      10,
      field(2, Buffer.concat([field(1, Buffer.from("t")), field(4, Buffer.from([8, 1]))])),
    );
    const relu = Buffer.concat([
      field(1, Buffer.from("image")),
      field(2, Buffer.from("embedding")),
      field(4, Buffer.from("Relu")),
      field(7, Buffer.from("ai.onnx")),
      field(9, entry),
      devices,
    ]);
    const parts = Buffer.concat([
      field(1, relu),
      field(11, onnx.ValueInfoProto.encode(valueInfo("image", FLOAT, ["n", 3])).finish()),
      field(
        12,
        Buffer.concat([onnx.ValueInfoProto.encode(valueInfo("embedding", FLOAT)).finish(), field(4, entry)]),
      ),
      field(14, Buffer.concat([field(1, Buffer.from("t")), field(2, entry)])),
      field(16, entry),
    ]);
    const bytes = Buffer.concat([
      model(parts),
      field(14, entry),
      field(8, Buffer.concat([field(1, Buffer.from("com.microsoft")), Buffer.from([16, 1])])),
      field(26, field(1, Buffer.from("devices"))),
    ]);
    expect([...vet(bytes)]).toEqual(["Relu"]);
  });

  it.each(Object.keys(HIDING_PLACES))("finds a tensor of another file in %s", (place) => {
    const bytes = HIDING_PLACES[place]();
    const call = () => vet(bytes);
    expect(call).toThrow(RefusedModel);
    expect(call).toThrow(
      /is stored in another file|it defines functions|it holds training graphs|has field 7 twice/,
    );
  });

  it.each([
    ["functions", field(25, Buffer.alloc(0)), "it defines functions of its own"],
    ["training graphs", field(20, Buffer.alloc(0)), "it holds training graphs"],
    ["an unknown field", field(99, Buffer.from("x")), "ModelProto has no field 99"],
    ["a field of another type", Buffer.from([(7 << 3) | 0, 1]), "field 7 of ModelProto is of no such type"],
    ["a group", Buffer.from([(1 << 3) | 3, (1 << 3) | 4]), "field 1 of ModelProto is of no such type"],
    ["field 0", Buffer.from([2, 0]), "ModelProto has no field 0"],
    ["a single number twice", Buffer.from([8, 8]), "ModelProto has field 1 twice"],
    ["a tag in more bytes than needed", Buffer.from([0xaa, 0x80, 0]), "a number in it is damaged"],
    ["a length beyond the file", Buffer.concat([varint(14 * 8 + 2), varint(5)]), "ends beyond it"],
    ["a length of 2^35", Buffer.concat([varint(14 * 8 + 2), varint(2 ** 35)]), "a number in it is damaged"],
    ["half a number", Buffer.from([(5 << 3) | 0, 0x80]), "it ends early"],
    [
      "a number of eleven bytes",
      Buffer.from([(5 << 3) | 0, ...Array<number>(10).fill(0xff), 1]),
      "a number in it is damaged",
    ],
  ])("refuses %s", (_, bytes, problem) => {
    expect(() => vet(Buffer.concat([plain, bytes]))).toThrow(problem);
  });

  it("refuses packed numbers that run on into what follows, which readers read differently", () => {
    const dims = field(1, Buffer.from([1, 0x80]));
    expect(() => vet(model(Buffer.concat([graph, field(5, dims)])))).toThrow("end within one");
    const floats = field(4, Buffer.from([0, 0, 0]));
    expect(() => vet(model(Buffer.concat([graph, field(5, floats)])))).toThrow("end within one");
  });

  it("refuses operators of other domains, in branches too, and random ones", () => {
    const context = { ...node("EPContext", ["image"], ["embedding"]), domain: "com.microsoft" };
    const branch = {
      ...node("If", ["image"], ["embedding"], [{ name: "then_branch", type: 5, g: { node: [context] } }]),
    };
    for (const bad of [context, branch])
      expect(() => vet(modelBytes({ ...encoderGraph(8, 6, 5), node: [bad] }))).toThrow(
        'its node "EPContext_embedding" is an operator of "com.microsoft" (EPContext)',
      );
    const random = node("RandomNormalLike", ["image"], ["embedding"]);
    expect(() => vet(modelBytes({ ...encoderGraph(8, 6, 5), node: [random] }))).toThrow(
      "is random (RandomNormalLike)",
    );
  });

  it("refuses ONNX Runtime's own format, hidden in a model too", () => {
    const hidden = Buffer.concat([
      Buffer.from([8, 8]),
      field(2, Buffer.from("ORTM")),
      model(graph).subarray(2),
    ]);
    expect(hidden.subarray(4, 8).toString()).toBe("ORTM");
    expect(() => vet(hidden)).toThrow("ONNX Runtime's own format");
  });

  it("bounds depth and number of messages", () => {
    let nested = graph;
    for (let i = 0; i < 40; i++) nested = field(1, field(5, field(6, nested)));
    expect(() => vet(model(nested))).toThrow("nested more than");
    const many = Buffer.alloc(2 * (MOST_FIELDS + 1));
    for (let i = 0; i < many.length; i += 2) many[i] = (1 << 3) | 2;
    const bytes = model(Buffer.concat([graph, many]));
    expect(secondsOf(() => expect(() => vet(bytes)).toThrow("fields"))).toBeLessThan(1);
  });

  it("skips tensors: a large file takes no longer than a small one", () => {
    const tensor = field(9, Buffer.alloc(200 * 2 ** 20));
    const bytes = model(Buffer.concat([graph, field(5, tensor)]));
    vet(plain);
    expect(secondsOf(() => vet(bytes))).toBeLessThan(0.1);
  });

  it("has a typed error for whatever is damaged, at once", () => {
    const refused = new Map<string, number>();
    let longest = 0;
    for (const bytes of damagedModels(10_000, 12)) {
      const seconds = secondsOf(() => {
        try {
          vet(bytes);
        } catch (error) {
          if (!(error instanceof RefusedModel)) throw error;
          refused.set(error.problem, (refused.get(error.problem) ?? 0) + 1);
        }
      });
      longest = Math.max(longest, seconds);
    }
    const total = [...refused.values()].reduce((sum, count) => sum + count);
    expect(total).toBeGreaterThan(3_000);
    expect(total).toBeLessThan(10_000);
    expect(longest).toBeLessThan(1);
  });

  it.skipIf(!hasSharedData)("lets the public ResNets pass", async () => {
    for (const name of ["cifar10-resnet20", "cifar10-resnet56"])
      expect(vet(await readFile(sharedFile("models", name, "model.onnx"))).has("Conv")).toBe(true);
  });
});
