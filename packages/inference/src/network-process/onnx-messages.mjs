// The messages of ONNX (onnx.proto, IR version 12) as they may appear in a file: every field by its number. What is
// not listed here is refused, so a message that ONNX Runtime would read is either walked or keeps the file out.

/** Protobuf's ways to write a field. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/**
 * @typedef {object} Message
 * @property {string} name
 * @property {Record<number, Field>} fields
 */

/**
 * @typedef {object} Field
 * @property {number} wire how it is written; a repeated number may also be packed into one string of bytes
 * @property {boolean} repeated
 * @property {Message} [message] what the bytes hold, if it is a message
 * @property {readonly [problem: string, remedy: string]} [refused] why a file that has the field is refused
 */

/** @type {(wire: number) => Field} */
const one = (wire) => ({ wire, repeated: false });
/** @type {(wire: number) => Field} */
const many = (wire) => ({ wire, repeated: true });
/** @type {(message: Message) => Field} */
const oneOf = (message) => ({ wire: BYTES, repeated: false, message });
/** @type {(message: Message) => Field} */
const manyOf = (message) => ({ wire: BYTES, repeated: true, message });
/** @type {(problem: string, remedy: string) => Field} */
const refused = (problem, remedy) => ({ wire: BYTES, repeated: true, refused: [problem, remedy] });

const integer = one(VARINT);
const integers = many(VARINT);
const text = one(BYTES);
const texts = many(BYTES);

/** @type {(name: string, fields?: Record<number, Field>) => Message} */
const message = (name, fields = {}) => ({ name, fields });

const entry = message("StringStringEntryProto", { 1: text, 2: text });

export const tensor = message("TensorProto", {
  1: integers, // dims
  2: integer, // data_type
  3: oneOf(message("TensorProto.Segment", { 1: integer, 2: integer })),
  4: many(FIXED32), // float_data
  5: integers, // int32_data
  6: texts, // string_data
  7: integers, // int64_data
  8: text, // name
  9: text, // raw_data
  10: many(FIXED64), // double_data
  11: integers, // uint64_data
  12: text, // doc_string
  13: manyOf(entry), // external_data
  14: integer, // data_location
  16: manyOf(entry), // metadata_props
});

const sparseTensor = message("SparseTensorProto", { 1: oneOf(tensor), 2: oneOf(tensor), 3: integers });

const shape = message("TensorShapeProto", {
  1: manyOf(message("TensorShapeProto.Dimension", { 1: integer, 2: text, 3: text })),
});
const tensorType = message("TypeProto.Tensor", { 1: integer, 2: oneOf(shape) });
const type = message("TypeProto");
type.fields = {
  1: oneOf(tensorType),
  4: oneOf(message("TypeProto.Sequence", { 1: oneOf(type) })),
  5: oneOf(message("TypeProto.Map", { 1: integer, 2: oneOf(type) })),
  6: text, // denotation
  7: oneOf(message("TypeProto.Opaque", { 1: text, 2: text })),
  8: oneOf(message("TypeProto.SparseTensor", { 1: integer, 2: oneOf(shape) })),
  9: oneOf(message("TypeProto.Optional", { 1: oneOf(type) })),
};

const valueInfo = message("ValueInfoProto", { 1: text, 2: oneOf(type), 3: text, 4: manyOf(entry) });

const sharding = message("ShardingSpecProto", {
  1: text, // tensor_name
  2: integers, // device
  3: manyOf(message("IntIntListEntryProto", { 1: integer, 2: integers })),
  4: manyOf(
    message("ShardedDimProto", {
      1: integer, // axis
      2: manyOf(message("SimpleShardedDimProto", { 1: integer, 2: text, 3: integer })),
    }),
  ),
});
const nodeDevices = message("NodeDeviceConfigurationProto", { 1: text, 2: manyOf(sharding), 3: integer });

export const graph = message("GraphProto");

const attribute = message("AttributeProto", {
  1: text, // name
  2: one(FIXED32), // f
  3: integer, // i
  4: text, // s
  5: oneOf(tensor), // t
  6: oneOf(graph), // g
  7: many(FIXED32), // floats
  8: integers, // ints
  9: texts, // strings
  10: manyOf(tensor), // tensors
  11: manyOf(graph), // graphs
  13: text, // doc_string
  14: oneOf(type), // tp
  15: manyOf(type), // type_protos
  20: integer, // type
  21: text, // ref_attr_name
  22: oneOf(sparseTensor), // sparse_tensor
  23: manyOf(sparseTensor), // sparse_tensors
});

export const node = message("NodeProto", {
  1: texts, // input
  2: texts, // output
  3: text, // name
  4: text, // op_type
  5: manyOf(attribute),
  6: text, // doc_string
  7: text, // domain
  8: text, // overload
  9: manyOf(entry), // metadata_props
  10: manyOf(nodeDevices), // device_configurations
});

graph.fields = {
  1: manyOf(node),
  2: text, // name
  5: manyOf(tensor), // initializer
  10: text, // doc_string
  11: manyOf(valueInfo), // input
  12: manyOf(valueInfo), // output
  13: manyOf(valueInfo), // value_info
  14: manyOf(message("TensorAnnotation", { 1: text, 2: manyOf(entry) })),
  15: manyOf(sparseTensor), // sparse_initializer
  16: manyOf(entry), // metadata_props
};

export const model = message("ModelProto", {
  1: integer, // ir_version
  2: text, // producer_name
  3: text, // producer_version
  4: text, // domain
  5: integer, // model_version
  6: text, // doc_string
  7: oneOf(graph),
  // A domain that is imported and that no node is of does nothing: exporters import more than they use.
  8: manyOf(message("OperatorSetIdProto", { 1: text, 2: integer })),
  14: manyOf(entry), // metadata_props
  20: refused("it holds training graphs", "Export it for inference alone"),
  25: refused(
    "it defines functions of its own",
    "Replace them by their nodes (onnx.inliner.inline_local_functions)",
  ),
  26: manyOf(message("DeviceConfigurationProto", { 1: text, 2: integer, 3: texts })),
});
