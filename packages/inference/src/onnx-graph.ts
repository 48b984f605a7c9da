import { createRequire } from "node:module";
import { reasonOf } from "./invalid-input.ts";
import { InvalidModelError } from "./onnx-session.ts";

// onnx-proto is CommonJS whose export names Node cannot see from an import.
const { onnx } = createRequire(import.meta.url)("onnx-proto") as typeof import("onnx-proto");

type Model = InstanceType<typeof onnx.ModelProto>;
type Graph = NonNullable<Model["graph"]>;
type GraphNode = NonNullable<Graph["node"]>[number];

export { type Graph, type GraphNode, type Model, onnx };

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
