// AssemblyScript, compiled by build-panel-products.mjs; the layout is explained in
// ../src/linear-algebra/products.ts.

const TILE: usize = 4 * 4 * 8;

/**
 * Adds to each 4×4 tile (p, q) of `c` the products of panel p of `a` with panel q of `b`, summed over `depth`
 * in order. One multiplication and one addition a term, each rounded to float64: the same bits as a plain loop.
 */
export function addPanelProducts(
  a: usize,
  aPanels: i32,
  b: usize,
  bPanels: i32,
  depth: i32,
  c: usize,
  upperTriangle: bool,
): void {
  const panelBytes: usize = <usize>depth * 32;
  for (let q: i32 = 0; q < bPanels; q++) {
    const panelsOfA = upperTriangle ? q + 1 : aPanels;
    for (let p: i32 = 0; p < panelsOfA; p++) {
      const tile = c + (<usize>p * <usize>bPanels + <usize>q) * TILE;
      let c00 = v128.load(tile, 0);
      let c01 = v128.load(tile, 16);
      let c10 = v128.load(tile, 32);
      let c11 = v128.load(tile, 48);
      let c20 = v128.load(tile, 64);
      let c21 = v128.load(tile, 80);
      let c30 = v128.load(tile, 96);
      let c31 = v128.load(tile, 112);
      let left = a + <usize>p * panelBytes;
      let right = b + <usize>q * panelBytes;
      const end = left + panelBytes;
      while (left < end) {
        const b0 = v128.load(right, 0);
        const b1 = v128.load(right, 16);
        const a0 = v128.load64_splat(left, 0);
        c00 = f64x2.add(c00, f64x2.mul(a0, b0));
        c01 = f64x2.add(c01, f64x2.mul(a0, b1));
        const a1 = v128.load64_splat(left, 8);
        c10 = f64x2.add(c10, f64x2.mul(a1, b0));
        c11 = f64x2.add(c11, f64x2.mul(a1, b1));
        const a2 = v128.load64_splat(left, 16);
        c20 = f64x2.add(c20, f64x2.mul(a2, b0));
        c21 = f64x2.add(c21, f64x2.mul(a2, b1));
        const a3 = v128.load64_splat(left, 24);
        c30 = f64x2.add(c30, f64x2.mul(a3, b0));
        c31 = f64x2.add(c31, f64x2.mul(a3, b1));
        left += 32;
        right += 32;
      }
      v128.store(tile, c00, 0);
      v128.store(tile, c01, 16);
      v128.store(tile, c10, 32);
      v128.store(tile, c11, 48);
      v128.store(tile, c20, 64);
      v128.store(tile, c21, 80);
      v128.store(tile, c30, 96);
      v128.store(tile, c31, 112);
    }
  }
}
