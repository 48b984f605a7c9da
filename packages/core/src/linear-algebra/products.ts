import { decodeBase64 } from "../base64.ts";
import { PANEL_PRODUCTS_WASM } from "./panel-products-wasm.ts";
import { crossProductReference, rowProductsReference } from "./products-reference.ts";

/** Row-major values of any floating-point width; all arithmetic is done in float64. */
export type Values = Float32Array | Float64Array;

/**
 * AᵀB (p×q, row-major) of A (n×p) and B (n×q).
 *
 * Every element is summed over the rows in order, in float64 without fused operations, so that the answer has
 * the same bits on every machine. Where A is B only one triangle is computed.
 */
export function crossProduct(n: number, a: Values, p: number, b: Values, q: number): Float64Array {
  const kernel = n * p * q < WORTHWHILE ? undefined : panelProducts();
  if (!kernel) return crossProductReference(n, a, p, b, q);
  const symmetric = a === b && p === q;
  const aPanels = Math.ceil(p / LANES);
  const bPanels = Math.ceil(q / LANES);
  const depth = Math.min(n, CROSS_PRODUCT_DEPTH);
  const room = kernel.reserve(depth, aPanels, symmetric ? 0 : bPanels, aPanels * bPanels);
  for (let from = 0; from < n; from += depth) {
    const rows = Math.min(depth, n - from);
    packColumns(room.a, a, p, from, rows);
    if (!symmetric) packColumns(room.b, b, q, from, rows);
    const bOffset = symmetric ? room.a.byteOffset : room.b.byteOffset;
    kernel.add(room.a.byteOffset, aPanels, bOffset, bPanels, rows, room.c.byteOffset, symmetric);
  }
  const out = new Float64Array(p * q);
  unpack(out, room.c, p, q, bPanels);
  if (symmetric) for (let i = 0; i < p; i++) for (let j = 0; j < i; j++) out[i * p + j] = out[j * p + i];
  return out;
}

/**
 * ABᵀ (n×c, row-major) of A (n×k) and B (c×k): all dot products of the rows of A with the rows of B.
 *
 * Every dot product is summed from the first column to the last, in float64 without fused operations: a row of
 * A gives the same bits alone and in a batch, on every machine.
 */
export function rowProducts(k: number, a: Values, n: number, b: Values, c: number): Float64Array {
  // Packing B costs as much as a few rows of products.
  const kernel = n < 2 * LANES || n * c * k < WORTHWHILE ? undefined : panelProducts();
  if (!kernel) return rowProductsReference(k, a, n, b, c);
  const bPanels = Math.ceil(c / LANES);
  const rowsAtOnce = Math.min(n, ROWS_AT_ONCE);
  const room = kernel.reserve(
    k,
    Math.ceil(rowsAtOnce / LANES),
    bPanels,
    Math.ceil(rowsAtOnce / LANES) * bPanels,
  );
  packRows(room.b, b, k, 0, c);
  const out = new Float64Array(n * c);
  for (let from = 0; from < n; from += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, n - from);
    packRows(room.a, a, k, from, rows);
    room.c.fill(0);
    const aPanels = Math.ceil(rows / LANES);
    kernel.add(room.a.byteOffset, aPanels, room.b.byteOffset, bPanels, k, room.c.byteOffset, false);
    unpack(out.subarray(from * c, (from + rows) * c), room.c, rows, c, bPanels);
  }
  return out;
}

/*
 * The kernel (kernel/panel-products.ts) multiplies panels: 4 vectors interleaved, element k of vector v at
 * 4k + v, the last panel filled up with zeros. Its results are 4×4 tiles, tile (p, q) at 16·(p·bPanels + q).
 */
const LANES = 4;
const TILE = LANES * LANES;
/** Rows of a block of a cross product: panels of A for hundreds of columns then fit the second-level cache. */
const CROSS_PRODUCT_DEPTH = 128;
/** Rows of A that `rowProducts` takes at once. */
const ROWS_AT_ONCE = 256;
/** Multiplications under which packing costs more than it saves. */
const WORTHWHILE = 20_000;

/** Packs columns of `from`..`from + rows` of a row-major matrix. */
function packColumns(
  panels: Float64Array,
  values: Values,
  columns: number,
  from: number,
  rows: number,
): void {
  const full = Math.floor(columns / LANES);
  for (let k = 0; k < rows; k++) {
    const source = (from + k) * columns;
    for (let panel = 0; panel < full; panel++) {
      const at = (panel * rows + k) * LANES;
      const start = source + panel * LANES;
      panels[at] = values[start];
      panels[at + 1] = values[start + 1];
      panels[at + 2] = values[start + 2];
      panels[at + 3] = values[start + 3];
    }
    for (let lane = 0; full * LANES < columns && lane < LANES; lane++) {
      const column = full * LANES + lane;
      panels[(full * rows + k) * LANES + lane] = column < columns ? values[source + column] : 0;
    }
  }
}

/** Packs rows `from`..`from + rows` of a row-major matrix. */
function packRows(panels: Float64Array, values: Values, columns: number, from: number, rows: number): void {
  for (let i = 0; i < Math.ceil(rows / LANES) * LANES; i++) {
    const at = Math.floor(i / LANES) * columns * LANES + (i % LANES);
    const start = (from + i) * columns;
    for (let k = 0; k < columns; k++) panels[at + k * LANES] = i < rows ? values[start + k] : 0;
  }
}

function unpack(out: Float64Array, tiles: Float64Array, rows: number, columns: number, panels: number): void {
  for (let i = 0; i < rows; i++) {
    const tileRow = Math.floor(i / LANES) * panels * TILE + (i % LANES) * LANES;
    for (let j = 0; j < columns; j++)
      out[i * columns + j] = tiles[tileRow + Math.floor(j / LANES) * TILE + (j % LANES)];
  }
}

interface Room {
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** Tiles, set to zero. */
  readonly c: Float64Array;
}

/** The exports of kernel/panel-products.ts; pointers are byte offsets into the memory. */
interface PanelProductsExports {
  addPanelProducts(
    a: number,
    aPanels: number,
    b: number,
    bPanels: number,
    depth: number,
    c: number,
    upperTriangle: boolean,
  ): void;
}

class PanelProducts {
  readonly add: PanelProductsExports["addPanelProducts"];
  readonly #memory = new WebAssembly.Memory({ initial: 1 });

  constructor() {
    const bytes = decodeBase64(PANEL_PRODUCTS_WASM, "PANEL_PRODUCTS_WASM") as Uint8Array<ArrayBuffer>;
    const module = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    // The exports are those of the generated module, which TypeScript cannot see.
    this.add = (exports as unknown as PanelProductsExports).addPanelProducts;
  }

  /** Room for panels of `depth` and for zeroed tiles, valid until the next call. */
  reserve(depth: number, aPanels: number, bPanels: number, tiles: number): Room {
    const sizes = [aPanels * LANES * depth, bPanels * LANES * depth, tiles * TILE];
    const bytes = 8 * (sizes[0] + sizes[1] + sizes[2]);
    const missing = bytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / 65_536));
    const { buffer } = this.#memory;
    return {
      a: new Float64Array(buffer, 0, sizes[0]),
      b: new Float64Array(buffer, 8 * sizes[0], sizes[1]),
      c: new Float64Array(buffer, 8 * (sizes[0] + sizes[1]), sizes[2]).fill(0),
    };
  }
}

let shared: PanelProducts | undefined | null;

/** One instance a thread, made when first needed; undefined where WebAssembly SIMD is missing or forbidden. */
function panelProducts(): PanelProducts | undefined {
  if (shared === undefined) {
    try {
      shared = new PanelProducts();
    } catch {
      shared = null;
    }
  }
  return shared ?? undefined;
}
