import type { Floats, Matrix } from "../../matrix.ts";
import { type ProductsKernel, productsKernel, reserveArrays } from "./kernel.ts";
import {
  addCrossProductReference,
  largestRowProductsReference,
  rowProductsReference,
} from "./products-reference.ts";

/**
 * Adds AᵀB of A (n×p) and B (n×q) to `target` (p×q, row-major).
 *
 * Every element of AᵀB is summed over the rows in order, in float64 without fused operations, so that the answer
 * has the same bits on every machine. Where A is B (the same data) only the upper triangle is computed, and copied
 * to the lower.
 */
export function addCrossProduct(target: Float64Array, a: Matrix<Floats>, b: Matrix<Floats>): void {
  const { rows: n, columns: p } = a;
  const { columns: q } = b;
  const kernel = n * p * q < WORTHWHILE ? undefined : productsKernel();
  if (!kernel) {
    addCrossProductReference(target, a, b);
    return;
  }
  const symmetric = a.data === b.data && p === q;
  const aPanels = Math.ceil(p / LANES);
  const bPanels = Math.ceil(q / LANES);
  const depth = Math.min(n, CROSS_PRODUCT_DEPTH);
  const [aPacked, bPacked, tiles] = reserveArrays(
    kernel,
    aPanels * LANES * depth,
    symmetric ? 0 : bPanels * LANES * depth,
    aPanels * bPanels * TILE,
  );
  tiles.fill(0);
  const right = symmetric ? aPacked : bPacked;
  for (let from = 0; from < n; from += depth) {
    const rows = Math.min(depth, n - from);
    packColumns(aPacked, a, from, rows);
    if (!symmetric) packColumns(bPacked, b, from, rows);
    kernel.addPanelProducts(
      aPacked.byteOffset,
      aPanels,
      right.byteOffset,
      bPanels,
      rows,
      tiles.byteOffset,
      symmetric,
    );
  }
  addTiles(target, tiles, p, q, bPanels, symmetric);
}

/** AᵀB (p×q) of A (n×p) and B (n×q). See `addCrossProduct`. */
export function crossProduct(a: Matrix<Floats>, b: Matrix<Floats>): Matrix<Float64Array> {
  const data = new Float64Array(a.columns * b.columns);
  addCrossProduct(data, a, b);
  return { rows: a.columns, columns: b.columns, data };
}

/**
 * ABᵀ (n×c) of A (n×k) and B (c×k): all dot products of the rows of A with the rows of B.
 *
 * Every dot product is summed from the first column to the last, in float64 without fused operations: a row of
 * A gives the same bits alone and in a batch, on every machine.
 */
export function rowProducts(a: Matrix<Floats>, b: Matrix<Floats>): Matrix<Float64Array> {
  const { rows: n, columns: k } = a;
  const { rows: c } = b;
  // Packing B costs as much as a few rows of products.
  const kernel = n < 2 * LANES || n * c * k < WORTHWHILE ? undefined : productsKernel();
  if (!kernel) return rowProductsReference(a, b);
  const data = new Float64Array(n * c);
  forTilesOfRows(kernel, a, b, ROWS_AT_ONCE, [], ({ tiles, from, rows, panels }) => {
    addTiles(data.subarray(from * c, (from + rows) * c), tiles, rows, c, panels, false);
  });
  return { rows: n, columns: c, data };
}

/**
 * The `rank`-th largest (1..c) of each row of `rowProducts`, n values, without holding all n×c of them. O(n·c·k).
 */
export function largestRowProducts(a: Matrix<Floats>, b: Matrix<Floats>, rank: number): Float64Array {
  const { rows: n, columns: k } = a;
  const { rows: c } = b;
  const kernel = n * c * k < WORTHWHILE ? undefined : productsKernel();
  if (!kernel) return largestRowProductsReference(a, b, rank);
  const rowsAtOnce = Math.max(1, Math.floor(TILES_AT_ONCE / Math.ceil(c / LANES))) * LANES;
  const out = new Float64Array(n);
  const scratch = [rank, Math.min(n, rowsAtOnce)];
  forTilesOfRows(kernel, a, b, rowsAtOnce, scratch, (part) => {
    const { tiles, from, rows, panels } = part;
    const [heap, largest] = part.scratch;
    kernel.largestOfRows(tiles.byteOffset, rows, panels, c, rank, heap.byteOffset, largest.byteOffset);
    out.set(largest.subarray(0, rows), from);
  });
  return out;
}

/** The products of rows `from`..`from + rows` of A with all rows of B, in tiles, `panels` of them in a line. */
interface TilesOfRows {
  readonly tiles: Float64Array;
  readonly from: number;
  readonly rows: number;
  readonly panels: number;
  readonly scratch: readonly Float64Array[];
}

/** Multiplies some rows of A at a time with B. @param scratch lengths of arrays that `take` needs in the kernel's memory */
function forTilesOfRows(
  kernel: ProductsKernel,
  a: Matrix<Floats>,
  b: Matrix<Floats>,
  rowsAtOnce: number,
  scratch: readonly number[],
  take: (part: TilesOfRows) => void,
): void {
  const { rows: n, columns: k } = a;
  const panels = Math.ceil(b.rows / LANES);
  const mostPanels = Math.ceil(Math.min(n, rowsAtOnce) / LANES);
  const [aPacked, bPacked, tiles, ...reserved] = reserveArrays(
    kernel,
    mostPanels * LANES * k,
    panels * LANES * k,
    mostPanels * panels * TILE,
    ...scratch,
  );
  packRows(bPacked, b, 0, b.rows);
  for (let from = 0; from < n; from += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, n - from);
    packRows(aPacked, a, from, rows);
    tiles.fill(0);
    kernel.addPanelProducts(
      aPacked.byteOffset,
      Math.ceil(rows / LANES),
      bPacked.byteOffset,
      panels,
      k,
      tiles.byteOffset,
      false,
    );
    take({ tiles, from, rows, panels, scratch: reserved });
  }
}

/*
 * The kernel (kernel/products.ts) multiplies panels: 4 vectors interleaved, element k of vector v at
 * 4k + v, the last panel filled up with zeros. Its results are 4×4 tiles, tile (p, q) at 16·(p·bPanels + q).
 */
const LANES = 4;
const TILE = LANES * LANES;
/** Rows of a block of a cross product: panels of A for hundreds of columns then fit the second-level cache. */
const CROSS_PRODUCT_DEPTH = 128;
/** Rows of A that `rowProducts` takes at once. */
const ROWS_AT_ONCE = 256;
/** Tiles that `largestRowProducts` takes at once: 1 MB, which stays in the second-level cache. */
const TILES_AT_ONCE = 8_192;
/** Multiplications under which packing costs more than it saves. */
const WORTHWHILE = 20_000;

/** Packs the columns of rows `from`..`from + rows`. */
function packColumns(
  panels: Float64Array,
  { columns, data: values }: Matrix<Floats>,
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

/** Packs rows `from`..`from + rows`. */
function packRows(
  panels: Float64Array,
  { columns, data: values }: Matrix<Floats>,
  from: number,
  rows: number,
): void {
  for (let i = 0; i < Math.ceil(rows / LANES) * LANES; i++) {
    const at = Math.floor(i / LANES) * columns * LANES + (i % LANES);
    const start = (from + i) * columns;
    for (let k = 0; k < columns; k++) panels[at + k * LANES] = i < rows ? values[start + k] : 0;
  }
}

/** Adds the tiles to the row-major `out`; with `mirror` the upper triangle to both. */
function addTiles(
  out: Float64Array,
  tiles: Float64Array,
  rows: number,
  columns: number,
  panels: number,
  mirror: boolean,
): void {
  for (let i = 0; i < rows; i++) {
    const tileRow = Math.floor(i / LANES) * panels * TILE + (i % LANES) * LANES;
    const outRow = i * columns;
    for (let j = mirror ? i : 0; j < columns; j++)
      out[outRow + j] += tiles[tileRow + (j >> 2) * TILE + (j & 3)];
  }
  if (mirror)
    for (let i = 1; i < rows; i++) for (let j = 0; j < i; j++) out[i * columns + j] = out[j * columns + i];
}
