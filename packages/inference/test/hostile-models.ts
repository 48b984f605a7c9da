import type { onnx as Onnx } from "onnx-proto";
import {
  encoderGraph,
  FLOAT,
  floats,
  headGraph,
  longs,
  modelBytes,
  node,
  onnx,
  textTowerGraph,
  valueInfo,
} from "./onnx-models.ts";

// ONNX files that a shared service must refuse, and files with bits of damage.

const { AttributeType } = onnx.AttributeProto;

/** The file that models are to read. */
export const COVETED = "faultline-coveted.txt";

/** A tensor whose values are to be read from it. */
const EXTERNAL: Onnx.ITensorProto = {
  name: "stolen",
  dims: [4],
  dataType: FLOAT,
  dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
  externalData: [
    { key: "location", value: COVETED },
    { key: "length", value: "16" },
  ],
};

const image = valueInfo("image", FLOAT, ["batch", 3, 6, 8]);
const embedding = valueInfo("embedding", FLOAT);

type Attribute = Onnx.IAttributeProto;

/** A graph that gives the tensor of a constant. */
function constant(attribute: Attribute): Onnx.IGraphProto {
  return {
    name: "constant",
    input: [image],
    output: [embedding],
    node: [node("Constant", [], ["embedding"], [attribute])],
  };
}

const tensorAttribute: Attribute = { name: "value", type: AttributeType.TENSOR, t: EXTERNAL };
const sparse: Onnx.ISparseTensorProto = {
  values: EXTERNAL,
  indices: longs("indices", [0n, 1n, 2n, 3n]),
  dims: [4],
};

/** A graph with nested graphs in a node of it. */
function nesting(attributes: Attribute[]): Onnx.IGraphProto {
  return {
    name: "outer",
    input: [image],
    output: [embedding],
    initializer: [{ name: "yes", dims: [], dataType: 9, int32Data: [1] }],
    node: [node("If", ["yes"], ["embedding"], attributes)],
  };
}

function inBranch(branch: Onnx.IGraphProto): Onnx.IGraphProto {
  const inner = { ...branch, input: [] };
  return nesting([
    { name: "then_branch", type: AttributeType.GRAPH, g: inner },
    { name: "else_branch", type: AttributeType.GRAPH, g: constantGraph([1, 2, 3, 4]) },
  ]);
}

function constantGraph(values: number[]): Onnx.IGraphProto {
  const attribute = { name: "value", type: AttributeType.TENSOR, t: floats("v", [values.length], values) };
  return { ...constant(attribute), input: [] };
}

const plain = encoderGraph(8, 6, 5);

/** Where a tensor in another file may be hidden. */
export const HIDING_PLACES: Record<string, () => Uint8Array> = {
  "an initializer": () => modelBytes({ ...plain, initializer: [...(plain.initializer ?? []), EXTERNAL] }),
  "the values of a sparse initializer": () => modelBytes({ ...plain, sparseInitializer: [sparse] }),
  "the indices of a sparse initializer": () =>
    modelBytes({
      ...plain,
      sparseInitializer: [{ values: floats("v", [4], [1, 2, 3, 4]), indices: EXTERNAL, dims: [4] }],
    }),
  "an attribute": () => modelBytes(constant(tensorAttribute)),
  "an attribute's list": () =>
    modelBytes(constant({ name: "value", type: AttributeType.TENSORS, tensors: [EXTERNAL] })),
  "an attribute's sparse tensor": () =>
    modelBytes(constant({ name: "sparse_value", type: AttributeType.SPARSE_TENSOR, sparseTensor: sparse })),
  "an attribute's list of sparse tensors": () =>
    modelBytes(
      constant({ name: "sparse_value", type: AttributeType.SPARSE_TENSORS, sparseTensors: [sparse] }),
    ),
  "a branch": () => modelBytes(inBranch(constant(tensorAttribute))),
  "a sparse tensor in a branch of a branch": () =>
    modelBytes(
      inBranch(
        inBranch(constant({ name: "sparse_value", type: AttributeType.SPARSE_TENSOR, sparseTensor: sparse })),
      ),
    ),
  "a list of graphs": () =>
    modelBytes(
      nesting([{ name: "then_branch", type: AttributeType.GRAPHS, graphs: [constant(tensorAttribute)] }]),
    ),
  "a function": () => withFunction(constant(tensorAttribute)),
  "a sparse tensor in a function": () =>
    withFunction(constant({ name: "sparse_value", type: AttributeType.SPARSE_TENSOR, sparseTensor: sparse })),
  "a training graph": () =>
    onnx.ModelProto.encode({
      ...onnx.ModelProto.decode(modelBytes(plain)),
      trainingInfo: [{ initialization: constant(tensorAttribute), algorithm: { initializer: [EXTERNAL] } }],
    }).finish(),
  // Readers of protobuf join what comes twice.
  "a second graph": () =>
    Buffer.concat([
      modelBytes(plain),
      field(7, onnx.GraphProto.encode({ initializer: [EXTERNAL] }).finish()),
    ]),
  "the location alone, without external data": () =>
    modelBytes({
      ...plain,
      initializer: [...(plain.initializer ?? []), { ...EXTERNAL, externalData: [] }],
    }),
  "external data alone, at the default location": () =>
    modelBytes({
      ...plain,
      initializer: [...(plain.initializer ?? []), { ...EXTERNAL, dataLocation: 0 }],
    }),
  "a location of 64 bits": () => {
    const tensor = onnx.TensorProto.encode({
      ...EXTERNAL,
      externalData: [],
      dataLocation: undefined,
    }).finish();
    // 2^32 + 1, which readers cut to the 1 that stands for another file.
    const location = Buffer.from([(14 << 3) | 0, 0x81, 0x80, 0x80, 0x80, 0x10]);
    const graph = onnx.GraphProto.encode(plain).finish();
    return model(Buffer.concat([graph, field(5, Buffer.concat([tensor, location]))]));
  },
};

function withFunction(body: Onnx.IGraphProto): Uint8Array {
  const whole = onnx.ModelProto.decode(
    modelBytes({
      input: [image],
      output: [embedding],
      // ONNX's own domain may have functions, too.
      node: [node("Hidden", [], ["embedding"])],
    }),
  );
  return onnx.ModelProto.encode({
    ...whole,
    functions: [
      {
        name: "Hidden",
        domain: "",
        output: ["embedding"],
        node: body.node,
        opsetImport: [{ domain: "", version: 13 }],
      },
    ],
  }).finish();
}

/** A length-delimited field. */
export function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

export function varint(value: number): Buffer {
  const bytes = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A model with this graph, as bytes. */
export function model(graph: Uint8Array): Buffer {
  const opset = onnx.OperatorSetIdProto.encode({ domain: "", version: 13 }).finish();
  return Buffer.concat([Buffer.from([8, 8]), field(7, graph), field(8, opset)]);
}

const scalar = (name: string, type: number, bytes: Uint8Array): Onnx.ITensorProto => ({
  name,
  dims: [],
  dataType: type,
  rawData: bytes,
});

/** An encoder that never ends: a Loop of 2^63 - 1 steps, all of which depend on the image. */
export function endlessEncoder(): Uint8Array {
  const trips = longs("trips", [2n ** 63n - 1n]);
  return modelBytes({
    input: [image],
    output: [valueInfo("embedding", FLOAT, ["batch", 3])],
    initializer: [{ ...trips, dims: [] }, scalar("yes", 9, new Uint8Array([1]))],
    node: [
      node("GlobalAveragePool", ["image"], ["pooled"]),
      node("Flatten", ["pooled"], ["start"]),
      node(
        "Loop",
        ["trips", "yes", "start"],
        ["embedding"],
        [
          {
            name: "body",
            type: AttributeType.GRAPH,
            g: {
              name: "body",
              input: [valueInfo("i", 7, []), valueInfo("go", 9, []), valueInfo("state", FLOAT)],
              output: [valueInfo("go_on", 9, []), valueInfo("next", FLOAT)],
              node: [node("Identity", ["go"], ["go_on"]), node("Cos", ["state"], ["next"])],
            },
          },
        ],
      ),
    ],
  });
}

/**
 * An encoder that fills memory with ones and adds them up. Its embedding is of width 1.
 *
 * @param counts elements of 4 bytes, of each of the tensors that are held at the same time
 */
export function hungryEncoder(counts: readonly number[]): Uint8Array {
  const pool = counts.flatMap((_, i) => [
    node("Mul", ["shape", `count${i}`], [`shape${i}`]),
    node(
      "ConstantOfShape",
      [`shape${i}`],
      [`ones${i}`],
      [{ name: "value", type: AttributeType.TENSOR, t: floats("one", [1], [1]) }],
    ),
  ]);
  return modelBytes({
    input: [image],
    output: [valueInfo("embedding", FLOAT)],
    initializer: [
      longs("zero", [0n]),
      longs("one", [1n]),
      longs("square", [1n, 1n]),
      ...counts.map((count, i) => longs(`count${i}`, [BigInt(count)])),
    ],
    node: [
      // 1, but known only when there is an image.
      node("Shape", ["image"], ["sizes"]),
      node("Slice", ["sizes", "zero", "one"], ["batch"]),
      node("Div", ["batch", "batch"], ["shape"]),
      ...pool,
      node(
        "Sum",
        counts.map((_, i) => `ones${i}`),
        ["sum"],
      ),
      node("ReduceMean", ["sum"], ["mean"]),
      node("Reshape", ["mean", "square"], ["embedding"]),
    ],
  });
}

/** An encoder whose output is as wide as this. */
export function wideEncoder(width: number): Uint8Array {
  return modelBytes({
    input: [image],
    output: [valueInfo("embedding", FLOAT)],
    initializer: [longs("square", [1n, 1n]), longs("shape", [1n, BigInt(width)])],
    node: [
      node("ReduceMean", ["image"], ["mean"]),
      node("Reshape", ["mean", "square"], ["column"]),
      node("Expand", ["column", "shape"], ["embedding"]),
    ],
  });
}

/** Small whole models, of all parts that there are. */
export function smallModels(): Uint8Array[] {
  return [
    modelBytes(encoderGraph(8, 6, 5)),
    modelBytes(headGraph(5, 3)),
    modelBytes(textTowerGraph(5, 3, 4, { mask: true })),
    modelBytes(inBranch(constantGraph([1, 2, 3, 4]))),
    endlessEncoder(),
  ];
}

/**
 * Damaged models, the same for the same seed: bytes changed, taken out, doubled and moved, and numbers changed that
 * are lengths of fields.
 */
export function* damagedModels(count: number, seed: number): Generator<Uint8Array, void> {
  const random = generator(seed);
  const whole = smallModels();
  for (let i = 0; i < count; i++) {
    let bytes: Uint8Array = Uint8Array.from(whole[random(whole.length)]);
    for (let change = random(4); change >= 0; change--) bytes = damaged(bytes, random);
    yield bytes;
  }
}

function damaged(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random(bytes.length);
  const end = Math.min(bytes.length, at + 1 + random(random(2) === 0 ? 4 : 64));
  switch (random(7)) {
    case 0:
      bytes[at] ^= 1 << random(8);
      return bytes;
    case 1:
      bytes[at] = [0, 1, 127, 128, 255][random(5)];
      return bytes;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), varint(random(2 ** 31)), bytes.subarray(at)]);
    default: {
      const other = random(bytes.length);
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(other, other + end - at),
        bytes.subarray(at),
      ]);
    }
  }
}

/** Whole numbers below a bound (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
