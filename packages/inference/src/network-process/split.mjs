import { ancestors, decodeModel, imageInputs, onnx, producersOf, readsOf, subgraph } from "./graph.mjs";
import { createSession } from "./session.mjs";
import { Unsplittable } from "./unsplittable.mjs";
import { vet } from "./vetting.mjs";

/** @import { Graph, GraphNode, Shape } from "./graph.mjs" */

const LISTED_CANDIDATES = 20;

/**
 * Splits one ONNX classifier at its penultimate tensor; what {@link import("../graph-split.ts").splitGraph} does.
 *
 * @param {Uint8Array} bytes
 * @param {string} penultimateTensor
 * @throws {Unsplittable | import("./vetting.mjs").RefusedModel}
 */
export async function split(bytes, penultimateTensor) {
  vet(bytes);
  const model = decodeModel(bytes);
  const { graph } = model;
  const logits = graph.output?.[0].name ?? "";
  const producers = producersOf(graph);
  const images = imageInputs(graph);

  const producer = producers.get(penultimateTensor);
  if (!producer)
    throw new Unsplittable(
      `the graph has no tensor "${penultimateTensor}"`,
      bottlenecks(graph, producers, images, logits),
    );
  const headNodes = ancestors([logits], producers, penultimateTensor);
  if (!feeds(headNodes, penultimateTensor) || readAny(headNodes, images))
    throw new Unsplittable(
      `the logits do not depend on the image through "${penultimateTensor}" alone`,
      bottlenecks(graph, producers, images, logits),
    );
  const encoderNodes = ancestors([penultimateTensor], producers);
  /** @param {Shape} [shape] */
  const embedding = (shape) =>
    onnx.ValueInfoProto.create({
      name: penultimateTensor,
      type: { tensorType: { elemType: onnx.TensorProto.DataType.FLOAT, shape } },
    });
  // ONNX Runtime infers the embedding's shape when it loads the encoder: no shape inference of our own.
  const shape = await inferredShape(subgraph(model, encoderNodes, [], [embedding()]));
  return {
    encoder: subgraph(model, encoderNodes, [], [embedding(shape)]),
    head: subgraph(model, headNodes, [embedding(shape)], (graph.output ?? []).slice(0, 1)),
  };
}

/** @param {readonly GraphNode[]} nodes @param {string} tensor */
function feeds(nodes, tensor) {
  return nodes.some((node) => readsOf(node).includes(tensor));
}

/** @param {readonly GraphNode[]} nodes @param {ReadonlySet<string>} tensors */
function readAny(nodes, tensors) {
  return nodes.some((node) => readsOf(node).some((name) => tensors.has(name)));
}

/**
 * Tensors through which alone the logits depend on the image, the nearest to the logits first.
 *
 * @param {Graph} graph
 * @param {ReadonlyMap<string, GraphNode>} producers
 * @param {ReadonlySet<string>} images
 * @param {string} logits
 */
function bottlenecks(graph, producers, images, logits) {
  /** @type {string[]} */
  const found = [];
  const path = new Set(ancestors([logits], producers));
  const constants = new Set();
  for (const node of graph.node ?? [])
    if (!readsOf(node).some((name) => images.has(name) || (producers.has(name) && !constants.has(name))))
      for (const output of node.output ?? []) constants.add(output);
  for (const node of [...(graph.node ?? [])].reverse()) {
    if (!path.has(node)) continue;
    for (const tensor of node.output ?? []) {
      if (tensor === logits || tensor === "" || constants.has(tensor)) continue;
      const head = ancestors([logits], producers, tensor);
      if (feeds(head, tensor) && !readAny(head, images)) found.push(tensor);
      if (found.length === LISTED_CANDIDATES) return found;
    }
  }
  return found;
}

/** @param {Uint8Array} encoder @returns {Promise<Shape | undefined>} */
async function inferredShape(encoder) {
  const session = await createSession(encoder);
  const [output] = session.outputMetadata;
  await session.release();
  if (!output.isTensor || output.shape.length === 0) return undefined;
  return {
    dim: output.shape.map((size) =>
      typeof size === "number" ? { dimValue: size } : { dimParam: size === "" ? "batch" : size },
    ),
  };
}
