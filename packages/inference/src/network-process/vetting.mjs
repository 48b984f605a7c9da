import { BYTES, FIXED32, FIXED64, graph, model, node, tensor, VARINT } from "./onnx-messages.mjs";

/** @import { Field, Message } from "./onnx-messages.mjs" */

/** A file that is no ONNX file, or one that a shared service does not run. */
export class RefusedModel extends Error {
  /** @param {string} problem @param {string} remedy */
  constructor(problem, remedy) {
    super(`${problem}. ${remedy}`);
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** @param {string} reason */
function notOnnx(reason) {
  return new RefusedModel(
    `it is not an ONNX file: ${reason}`,
    "Upload a valid ONNX file (for PyTorch: torch.onnx.export)",
  );
}

const RANDOM_OPERATORS = new Set([
  "Bernoulli",
  "Multinomial",
  "RandomNormal",
  "RandomNormalLike",
  "RandomUniform",
  "RandomUniformLike",
]);
/** Those of others may read files (com.microsoft's EPContext does) or be anything. */
const DOMAINS = new Set(["", "ai.onnx", "ai.onnx.ml"]);

/** Messages in one another: eight levels of nested graphs and more. ONNX Runtime reads 100. */
const DEEPEST = 40;
/** Fields in all messages; a network of 10,000 nodes has some 400,000. */
export const MOST_FIELDS = 2_000_000;
/** Bytes of a name that an error quotes. */
const QUOTED = 100;

/**
 * Walks every message of an ONNX file as it is written, without decoding a tensor, and refuses what a shared service
 * must not run: tensors kept in other files (a foreign model could name any file of this machine), functions and
 * training graphs, operators of other domains, random operators (a run must be reproducible to the bit), and every
 * field that ONNX does not define.
 *
 * What is walked is what ONNX Runtime reads: where readers of protobuf may differ (a single field given twice, numbers
 * written longer than need be, a known field written in another way, groups), the file is refused. No exporter writes
 * such files. Linear in the number of fields, which is bounded; long fields are skipped.
 *
 * @param {Uint8Array} file
 * @returns {ReadonlySet<string>} the operators that its nodes name
 * @throws {RefusedModel}
 */
export function vet(file) {
  // ONNX Runtime takes such bytes for its own format, a flatbuffer.
  if (Buffer.from(file.subarray(4, 8)).toString("latin1") === "ORTM")
    throw new RefusedModel(
      "it is in ONNX Runtime's own format",
      "Upload the ONNX file that it was made from",
    );
  const walk = new Walk(file);
  walk.message(model, 0, file.length, 0);
  if (walk.nodes === 0 || walk.outputs === 0) throw notOnnx("it holds no graph");
  return walk.operators;
}

/** One pass over a file. */
class Walk {
  /** @type {Set<string>} */
  operators = new Set();
  /** Of the main graph. */
  nodes = 0;
  outputs = 0;
  #at = 0;
  #fields = 0;
  #file;

  /** @param {Uint8Array} file */
  constructor(file) {
    this.#file = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  }

  /** @param {Message} message @param {number} from @param {number} to @param {number} depth */
  message(message, from, to, depth) {
    if (depth > DEEPEST)
      throw new RefusedModel(`its messages are nested more than ${DEEPEST} deep`, "Nest fewer graphs");
    let seen = 0;
    let external = false;
    /** Where some texts of this message lie. */
    let name = nowhere;
    let operator = nowhere;
    let domain = nowhere;
    this.#at = from;
    while (this.#at < to) {
      if (++this.#fields > MOST_FIELDS)
        throw new RefusedModel(`it has more than ${MOST_FIELDS} fields`, "Store tensors as raw data");
      const tag = this.#number(to);
      const number = tag >>> 3;
      const wire = tag & 7;
      const field = message.fields[number];
      if (!field) throw notOnnx(`${message.name} has no field ${number}`);
      if (field.refused) throw new RefusedModel(...field.refused);
      const packed = wire === BYTES && field.repeated && field.wire !== BYTES;
      if (wire !== field.wire && !packed)
        throw notOnnx(`field ${number} of ${message.name} is of no such type`);
      if (!field.repeated) {
        // Readers would merge the two, or take the last.
        if (seen & (1 << number)) throw notOnnx(`${message.name} has field ${number} twice`);
        seen |= 1 << number;
      }
      if (wire !== BYTES) {
        const value = this.#skipNumber(wire, to);
        if (message === tensor && number === 14 && value !== 0) external = true;
        continue;
      }
      const length = this.#number(to);
      const start = this.#at;
      const end = start + length;
      if (end > to) throw notOnnx(`field ${number} of ${message.name} ends beyond it`);
      if (field.message) {
        this.message(field.message, start, end, depth + 1);
        if (depth === 1 && message === graph) this.#count(number);
      } else if (packed) this.#packed(field, start, end, message);
      if (message === tensor) {
        if (number === 8) name = { start, end };
        if (number === 13) external = true;
      } else if (message === node) {
        if (number === 3) name = { start, end };
        if (number === 4) operator = { start, end };
        if (number === 7) domain = { start, end };
      }
      this.#at = end;
    }
    if (external)
      throw new RefusedModel(
        `its tensor "${this.#quoted(name)}" is stored in another file`,
        "Save the model as one file (onnx.save with save_as_external_data=False)",
      );
    if (message === node) this.#node(name, operator, domain);
  }

  /** @param {number} field of the main graph */
  #count(field) {
    if (field === 1) this.nodes++;
    if (field === 12) this.outputs++;
  }

  /** @param {Span} name @param {Span} operator @param {Span} domain */
  #node(name, operator, domain) {
    const type = this.#quoted(operator);
    if (!DOMAINS.has(this.#quoted(domain)))
      throw new RefusedModel(
        `its node "${this.#quoted(name)}" is an operator of "${this.#quoted(domain)}" (${type})`,
        "Export it with the operators of ONNX alone",
      );
    if (RANDOM_OPERATORS.has(type))
      throw new RefusedModel(
        `its node "${this.#quoted(name)}" is random (${type})`,
        "Export the model in evaluation mode",
      );
    this.operators.add(type);
  }

  /** @param {Span} span */
  #quoted({ start, end }) {
    return end === start ? "" : this.#file.toString("utf8", start, Math.min(end, start + QUOTED));
  }

  /** A tag or a length: below 2^32 and in as few bytes as can be. @param {number} to */
  #number(to) {
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.#at >= to) throw notOnnx("it ends early");
      const byte = this.#file[this.#at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) {
        if ((byte === 0 && shift > 0) || value >= 2 ** 32) break;
        return value;
      }
    }
    throw notOnnx("a number in it is damaged");
  }

  /** @param {number} wire @param {number} to @returns {number} its value if it is 0 to 127, else some other number */
  #skipNumber(wire, to) {
    const start = this.#at;
    if (wire === VARINT) {
      let length = 0;
      let byte;
      do {
        if (this.#at >= to) throw notOnnx("it ends early");
        byte = this.#file[this.#at++];
        length++;
      } while (byte >= 128 && length < 10);
      if (byte >= 128 || (length > 1 && byte === 0) || (length === 10 && byte > 1))
        throw notOnnx("a number in it is damaged");
      return length === 1 ? byte : -1;
    }
    this.#at = start + widthOf(wire);
    if (this.#at > to) throw notOnnx("it ends early");
    return -1;
  }

  /** Numbers in one string of bytes must end where it ends. @param {Field} field @param {number} start @param {number} end @param {Message} message */
  #packed({ wire }, start, end, message) {
    if (end === start) return;
    const whole = wire === VARINT ? this.#file[end - 1] < 128 : (end - start) % widthOf(wire) === 0;
    if (!whole) throw notOnnx(`numbers of ${message.name} end within one`);
  }
}

/** @typedef {{ readonly start: number, readonly end: number }} Span */

/** @type {Span} */
const nowhere = { start: 0, end: 0 };

/** @param {number} wire */
function widthOf(wire) {
  if (wire === FIXED32) return 4;
  if (wire === FIXED64) return 8;
  throw notOnnx("a field is written in no known way");
}
