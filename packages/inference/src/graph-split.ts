import { InvalidInputError } from "./invalid-input.ts";
import {
  ancestors,
  decodeModel,
  type Graph,
  type GraphNode,
  imageInputs,
  onnx,
  producersOf,
  readsOf,
  requireSelfContained,
  type Shape,
  subgraph,
} from "./onnx-graph.ts";
import { withSession } from "./onnx-session.ts";

/** The tensor at which a graph was to be split is not there, or is no bottleneck. */
export class SplitError extends InvalidInputError {
  /** Tensors at which the graph can be split, the nearest to the logits first. */
  readonly candidates: readonly string[];

  constructor(problem: string, candidates: readonly string[]) {
    super(
      "penultimate tensor",
      problem,
      candidates.length > 0
        ? `Name one of: ${candidates.join(", ")}`
        : "Split the model where you export it, into an encoder and a head",
    );
    this.candidates = candidates;
  }
}

const LISTED_CANDIDATES = 20;

/**
 * Splits one ONNX classifier at its penultimate tensor (the input of the last linear layer).
 *
 * @returns `encoder`: image -> that tensor, and `head`: that tensor -> the graph's first output, each an ONNX file with the nodes and initializers that it needs. Run in sequence they compute what the
 * whole graph computes.
 * @throws SplitError when the tensor is not there or the head would need more than it; lists tensors that fit.
 * @throws InvalidModelError when `bytes` is no ONNX file, or one that `requireSelfContained` refuses.
 */
export async function splitGraph(
  bytes: Uint8Array,
  penultimateTensor: string,
): Promise<{ readonly encoder: Uint8Array; readonly head: Uint8Array }> {
  const model = decodeModel(bytes, "model");
  requireSelfContained(model, "model");
  const graph = model.graph as Graph;
  const logits = graph.output?.[0].name ?? "";
  const producers = producersOf(graph);
  const images = imageInputs(graph);

  const producer = producers.get(penultimateTensor);
  if (!producer)
    throw new SplitError(
      `the graph has no tensor "${penultimateTensor}"`,
      bottlenecks(graph, producers, images, logits),
    );
  const headNodes = ancestors([logits], producers, penultimateTensor);
  if (!feeds(headNodes, penultimateTensor) || headNodes.some((node) => readsOf(node).some(isIn(images))))
    throw new SplitError(
      `the logits do not depend on the image through "${penultimateTensor}" alone`,
      bottlenecks(graph, producers, images, logits),
    );
  const encoderNodes = ancestors([penultimateTensor], producers);
  const embedding = (shape?: Shape) =>
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

function isIn(names: ReadonlySet<string>): (name: string) => boolean {
  return (name) => names.has(name);
}

function feeds(nodes: readonly GraphNode[], tensor: string): boolean {
  return nodes.some((node) => readsOf(node).includes(tensor));
}

/** Tensors through which alone the logits depend on the image, the nearest to the logits first. */
function bottlenecks(
  graph: Graph,
  producers: ReadonlyMap<string, GraphNode>,
  images: ReadonlySet<string>,
  logits: string,
): string[] {
  const found: string[] = [];
  const path = new Set(ancestors([logits], producers));
  const constants = new Set<string>();
  for (const node of graph.node ?? [])
    if (!readsOf(node).some((name) => images.has(name) || (producers.has(name) && !constants.has(name))))
      for (const output of node.output ?? []) constants.add(output);
  for (const node of [...(graph.node ?? [])].reverse()) {
    if (!path.has(node)) continue;
    for (const tensor of node.output ?? []) {
      if (tensor === logits || tensor === "" || constants.has(tensor)) continue;
      const head = ancestors([logits], producers, tensor);
      if (feeds(head, tensor) && !head.some((other) => readsOf(other).some(isIn(images)))) found.push(tensor);
      if (found.length === LISTED_CANDIDATES) return found;
    }
  }
  return found;
}

async function inferredShape(encoder: Uint8Array): Promise<Shape | undefined> {
  const [{ shape }] = await withSession(encoder, "encoder", async ({ outputs }) => outputs);
  if (shape.length === 0) return undefined;
  return {
    dim: shape.map((size) =>
      typeof size === "number" ? { dimValue: size } : { dimParam: size === "" ? "batch" : size },
    ),
  };
}
