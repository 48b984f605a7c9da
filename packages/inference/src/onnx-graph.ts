import { createRequire } from "node:module";
import { reasonOf } from "./invalid-input.ts";
import { InvalidModelError } from "./onnx-session.ts";

// onnx-proto is CommonJS whose export names Node cannot see from an import.
const { onnx } = createRequire(import.meta.url)("onnx-proto") as typeof import("onnx-proto");

type Model = InstanceType<typeof onnx.ModelProto>;
type Graph = NonNullable<Model["graph"]>;
type GraphNode = NonNullable<Graph["node"]>[number];

type ValueInfo = NonNullable<Graph["input"]>[number];
type Shape = NonNullable<NonNullable<NonNullable<ValueInfo["type"]>["tensorType"]>["shape"]>;

export { type Graph, type GraphNode, type Model, onnx, type Shape };

/**
 * Reads an ONNX file's protobuf.
 *
 * @throws InvalidModelError when the bytes are none or hold no graph.
 */
export function decodeModel(bytes: Uint8Array, field: string): Model {
  const remedy = "Upload a valid ONNX file (for PyTorch: torch.onnx.export)";
  let model: Model;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new InvalidModelError(field, `it is not an ONNX file: ${reasonOf(error)}`, remedy, {
      cause: error,
    });
  }
  if (!model.graph?.node?.length || !model.graph.output?.length)
    throw new InvalidModelError(field, "it is not an ONNX file: it holds no graph", remedy);
  return model;
}

const RANDOM_OPERATORS = new Set([
  "Bernoulli",
  "Multinomial",
  "RandomNormal",
  "RandomNormalLike",
  "RandomUniform",
  "RandomUniformLike",
]);

/**
 * Refuses graphs that a shared service must not run: tensors kept in other files (a foreign model could name any
 * file of the store) and random operators (a run must be reproducible to the bit).
 *
 * @throws InvalidModelError
 */
export function requireSelfContained(model: Model, field: string): void {
  for (const graph of graphsOf(model.graph as Graph)) {
    const tensors = [
      ...(graph.initializer ?? []),
      ...(graph.sparseInitializer ?? []).flatMap((sparse) => [sparse.values, sparse.indices]),
      ...(graph.node ?? []).flatMap((node) =>
        (node.attribute ?? []).flatMap((attribute) => [attribute.t, ...(attribute.tensors ?? [])]),
      ),
    ];
    const external = tensors.find(
      (tensor) => tensor?.dataLocation === onnx.TensorProto.DataLocation.EXTERNAL,
    );
    if (external)
      throw new InvalidModelError(
        field,
        `its tensor "${external.name}" is stored in another file`,
        "Save the model as one file (onnx.save with save_as_external_data=False)",
      );
    const random = graph.node?.find((node) => RANDOM_OPERATORS.has(node.opType ?? ""));
    if (random)
      throw new InvalidModelError(
        field,
        `its node "${random.name}" is random (${random.opType})`,
        "Export the model in evaluation mode",
      );
  }
}

/** A graph and the graphs nested in its nodes (branches of If, bodies of Loop and Scan). */
function graphsOf(graph: Graph): Graph[] {
  const nested = (graph.node ?? []).flatMap(nestedGraphs);
  return [graph, ...nested.flatMap(graphsOf)];
}

function nestedGraphs(node: GraphNode): Graph[] {
  return (node.attribute ?? []).flatMap((attribute) => [
    ...(attribute.g ? [attribute.g as Graph] : []),
    ...((attribute.graphs ?? []) as Graph[]),
  ]);
}

/** Names of the tensors that a node reads, those that its nested graphs capture from outside included. */
export function readsOf(node: GraphNode): string[] {
  const captured = nestedGraphs(node).flatMap((graph) => (graph.node ?? []).flatMap(readsOf));
  return [...(node.input ?? []), ...captured].filter((name) => name !== "");
}

/** Which node gives a tensor, by the tensor's name. */
export function producersOf(graph: Graph): Map<string, GraphNode> {
  const producers = new Map<string, GraphNode>();
  for (const node of graph.node ?? [])
    for (const output of node.output ?? []) if (output !== "") producers.set(output, node);
  return producers;
}

/** Graph inputs that are no initializers: before IR version 4 every initializer is listed as an input too. */
export function imageInputs(graph: Graph): Set<string> {
  const initializers = new Set((graph.initializer ?? []).map((tensor) => tensor.name));
  return new Set(
    (graph.input ?? []).map((input) => input.name ?? "").filter((name) => !initializers.has(name)),
  );
}

/** The nodes that tensors are computed from, as far as `stop`, in the graph's order. */
export function ancestors(
  tensors: readonly string[],
  producers: ReadonlyMap<string, GraphNode>,
  stop?: string,
): GraphNode[] {
  const needed = new Set<GraphNode>();
  const open = [...tensors];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = name === stop ? undefined : producers.get(name);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    open.push(...readsOf(node));
  }
  return [...new Set(producers.values())].filter((node) => needed.has(node));
}

/** The model with these nodes alone and the initializers that they read, as an ONNX file. */
export function subgraph(
  model: Model,
  nodes: readonly GraphNode[],
  extraInputs: readonly ValueInfo[],
  outputs: readonly ValueInfo[],
): Uint8Array {
  const graph = model.graph as Graph;
  const read = new Set(nodes.flatMap(readsOf));
  const written = new Set(nodes.flatMap((node) => node.output ?? []));
  return onnx.ModelProto.encode({
    ...model,
    graph: {
      name: graph.name,
      node: [...nodes],
      initializer: (graph.initializer ?? []).filter((tensor) => read.has(tensor.name ?? "")),
      sparseInitializer: (graph.sparseInitializer ?? []).filter((tensor) =>
        read.has(tensor.values?.name ?? ""),
      ),
      input: [...extraInputs, ...(graph.input ?? []).filter((input) => read.has(input.name ?? ""))],
      output: [...outputs],
      valueInfo: (graph.valueInfo ?? []).filter((value) => written.has(value.name ?? "")),
    },
  }).finish();
}
