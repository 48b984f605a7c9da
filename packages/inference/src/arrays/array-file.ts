import { type Matrix, matrix } from "@faultline/core";
import { type ByteSource, openBytes } from "./byte-source.ts";
import { InvalidArrayError } from "./invalid-array.ts";
import { NPY_MAGIC, readNpyLayout } from "./npy.ts";
import { openNpzMember } from "./npz.ts";
import {
  type ArrayLayout,
  BYTES_PER_ELEMENT,
  elementCount,
  type NumberType,
  toFloat32,
  toFloat64,
} from "./number-type.ts";
import { readSafetensorsLayout } from "./safetensors.ts";

export interface ArrayFileOptions {
  /** What errors call the array: "embeddings", "logits", ... */
  readonly field: string;
  /** Which array of an .npz or safetensors file; not needed when there is only one. */
  readonly name?: string;
}

/** Widest matrix: the widest embedding that a model or VLM may have. */
const MAX_COLUMNS = 65_536;
/** A matrix that is read at once has at most 2 GiB as float32. */
const MAX_VALUES_AT_ONCE = 2 ** 29;
const BLOCK_BYTES = 2 ** 20;

/** An .npy, .npz or safetensors file that holds a matrix, read in ranges of rows. */
export interface MatrixFile {
  readonly rows: number;
  readonly columns: number;
  readonly type: NumberType;
  /**
   * Rows `start` to `start + count`, as float32.
   *
   * @throws InvalidArrayError naming row and column of the first value that is not finite in float32.
   */
  readRows(start: number, count: number): Promise<Matrix>;
  close(): Promise<void>;
}

/**
 * Opens a matrix and checks its header against the file's size; the format is told from the first bytes.
 *
 * Memory: the header alone. An .npz is unpacked as its rows are read: read them in order. Closing the matrix closes a
 * source that was given.
 *
 * @throws InvalidArrayError when the file is damaged, the array has not two dimensions, no columns or more than
 * 65,536, or its shape is not the `expected` one.
 */
export async function openMatrixFile(
  file: string | Uint8Array | ByteSource,
  options: ArrayFileOptions & {
    readonly expected?: { readonly rows?: number; readonly columns?: number };
  },
): Promise<MatrixFile> {
  const { field, expected = {} } = options;
  const { bytes, layout } = await openArray(file, options);
  try {
    const [rows, columns] = layout.shape;
    if (columns > MAX_COLUMNS)
      throw new InvalidArrayError(field, `it has ${columns} columns`, `At most ${MAX_COLUMNS} are taken`);
    if (layout.shape.length !== 2 || columns === 0)
      throw new InvalidArrayError(
        field,
        `its shape is [${layout.shape.join(", ")}], a matrix of inputs × values is needed`,
        "Save one row per input: array.reshape(inputs, -1)",
      );
    if (expected.rows !== undefined && expected.rows !== rows)
      throw new InvalidArrayError(
        field,
        `it has ${rows} rows, but there are ${expected.rows} inputs`,
        "Give one row per input, in the order of the inputs",
      );
    if (expected.columns !== undefined && expected.columns !== columns)
      throw new InvalidArrayError(
        field,
        `it has ${columns} columns, but ${expected.columns} are needed`,
        "Check that the array comes from the model that is registered",
      );
    const rowBytes = columns * BYTES_PER_ELEMENT[layout.type];
    return {
      rows,
      columns,
      type: layout.type,
      async readRows(start, count) {
        if (
          !Number.isInteger(start) ||
          !Number.isInteger(count) ||
          start < 0 ||
          count < 0 ||
          start + count > rows
        )
          throw new RangeError(`rows ${start} to ${start + count} are not within 0 to ${rows}`);
        const part = await bytes.read(layout.offset + start * rowBytes, count * rowBytes);
        const data = toFloat32(part, layout.type);
        requireFinite(data, start, columns, field);
        return matrix(count, columns, data);
      },
      close: () => bytes.close(),
    };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** All rows in order, in blocks of at most 1 MiB as float32 (or one row). */
export async function* rowBlocks(file: MatrixFile): AsyncGenerator<{ start: number; block: Matrix }> {
  const step = Math.max(1, Math.floor(BLOCK_BYTES / (4 * file.columns)));
  for (let start = 0; start < file.rows; start += step)
    yield { start, block: await file.readRows(start, Math.min(step, file.rows - start)) };
}

/**
 * The whole matrix; see `openMatrixFile`.
 *
 * @throws InvalidArrayError also for one of more than 2^29 values
 */
export async function readMatrix(
  file: string | Uint8Array | ByteSource,
  options: Parameters<typeof openMatrixFile>[1],
): Promise<Matrix> {
  const opened = await openMatrixFile(file, options);
  try {
    const { rows, columns } = opened;
    if (rows * columns > MAX_VALUES_AT_ONCE)
      throw new InvalidArrayError(
        options.field,
        `it has ${rows} × ${columns} values`,
        `Give at most ${MAX_VALUES_AT_ONCE} at once`,
      );
    const whole = matrix(rows, columns);
    for await (const { start, block } of rowBlocks(opened)) whole.data.set(block.data, start * columns);
    return whole;
  } finally {
    await opened.close();
  }
}

/**
 * An array of any shape as float64, for labels and the like; at most 2^27 elements.
 *
 * @throws InvalidArrayError
 */
export async function readNumbers(
  file: string | Uint8Array | ByteSource,
  options: ArrayFileOptions,
): Promise<{ readonly shape: readonly number[]; readonly values: Float64Array }> {
  const { bytes, layout } = await openArray(file, options);
  try {
    const count = elementCount(layout.shape);
    if (count > 2 ** 27)
      throw new InvalidArrayError(options.field, `it has ${count} elements`, "Give at most 134,217,728");
    const part = await bytes.read(layout.offset, count * BYTES_PER_ELEMENT[layout.type]);
    return { shape: layout.shape, values: toFloat64(part, layout.type) };
  } finally {
    await bytes.close();
  }
}

async function openArray(
  file: string | Uint8Array | ByteSource,
  { field, name }: ArrayFileOptions,
): Promise<{ readonly bytes: ByteSource; readonly layout: ArrayLayout }> {
  let bytes = await openBytes(file);
  try {
    const start = await bytes.read(0, 6);
    const isZip = start[0] === 0x50 && start[1] === 0x4b;
    if (isZip) bytes = await openNpzMember(bytes, field, name);
    const isNpy = NPY_MAGIC.every((byte, i) => start[i] === byte);
    if (!isZip && !isNpy) return { bytes, layout: await readSafetensorsLayout(bytes, field, name) };
    const layout = await readNpyLayout(bytes, field);
    const claimed = elementCount(layout.shape) * BYTES_PER_ELEMENT[layout.type];
    if (layout.offset + claimed !== bytes.length)
      throw new InvalidArrayError(
        field,
        `its shape [${layout.shape.join(", ")}] needs ${claimed} bytes of elements, the file has ${bytes.length - layout.offset}`,
        "Upload the whole file as numpy.save wrote it",
      );
    return { bytes, layout };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

function requireFinite(data: Float32Array, firstRow: number, columns: number, field: string): void {
  for (let i = 0; i < data.length; i++)
    if (!Number.isFinite(data[i]))
      throw new InvalidArrayError(
        field,
        `row ${firstRow + Math.floor(i / columns)}, column ${i % columns} is ${data[i]} (rows and columns count from 0)`,
        "Every value must be a finite float32",
      );
}
