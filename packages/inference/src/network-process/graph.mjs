import { createRequire } from "node:module";

// onnx-proto is CommonJS whose export names Node cannot see from an import.
const require = createRequire(import.meta.url);
/** @type {typeof import("onnx-proto").onnx} */
export const onnx = require("onnx-proto").onnx;

/** @typedef {InstanceType<typeof onnx.ModelProto>} Model */
/** @typedef {NonNullable<Model["graph"]>} Graph */
/** @typedef {NonNullable<Graph["node"]>[number]} GraphNode */
/** @typedef {NonNullable<Graph["input"]>[number]} ValueInfo */
/** @typedef {NonNullable<NonNullable<NonNullable<ValueInfo["type"]>["tensorType"]>["shape"]>} Shape */

/**
 * An ONNX file that was vetted: that it has a graph is known.
 *
 * @param {Uint8Array} bytes
 * @returns {Model & { graph: Graph }}
 */
export function decodeModel(bytes) {
  const model = onnx.ModelProto.decode(bytes);
  if (!model.graph) throw new Error("a model without a graph was not vetted");
  return Object.assign(model, { graph: model.graph });
}

/** Branches of If, bodies of Loop and Scan. @param {GraphNode} node @returns {Graph[]} */
function nestedGraphs(node) {
  return (node.attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);
}

/**
 * Names of the tensors that a node reads, those that its nested graphs capture from outside included.
 *
 * @param {GraphNode} node
 * @returns {string[]}
 */
export function readsOf(node) {
  const captured = nestedGraphs(node).flatMap((graph) => (graph.node ?? []).flatMap(readsOf));
  return [...(node.input ?? []), ...captured].filter((name) => name !== "");
}

/** Which node gives a tensor, by the tensor's name. @param {Graph} graph */
export function producersOf(graph) {
  /** @type {Map<string, GraphNode>} */
  const producers = new Map();
  for (const node of graph.node ?? [])
    for (const output of node.output ?? []) if (output !== "") producers.set(output, node);
  return producers;
}

/**
 * Graph inputs that are no initializers: before IR version 4 every initializer is listed as an input too.
 *
 * @param {Graph} graph
 */
export function imageInputs(graph) {
  const initializers = new Set((graph.initializer ?? []).map((tensor) => tensor.name));
  return new Set(
    (graph.input ?? []).map((input) => input.name ?? "").filter((name) => !initializers.has(name)),
  );
}

/**
 * The nodes that tensors are computed from, as far as `stop`, in the graph's order.
 *
 * @param {readonly string[]} tensors
 * @param {ReadonlyMap<string, GraphNode>} producers
 * @param {string} [stop]
 * @returns {GraphNode[]}
 */
export function ancestors(tensors, producers, stop) {
  const needed = new Set();
  const open = [...tensors];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = name === stop ? undefined : producers.get(name);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    for (const read of readsOf(node)) open.push(read);
  }
  return [...new Set(producers.values())].filter((node) => needed.has(node));
}

/**
 * The model with these nodes alone and the initializers that they read, as an ONNX file.
 *
 * @param {Model & { graph: Graph }} model
 * @param {readonly GraphNode[]} nodes
 * @param {readonly ValueInfo[]} extraInputs
 * @param {readonly ValueInfo[]} outputs
 * @returns {Uint8Array}
 */
export function subgraph(model, nodes, extraInputs, outputs) {
  const { graph } = model;
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
