// AssemblyScript: dense products, and the eigenvectors of symmetric matrices. Memory is laid out by the caller
// (../src/wasm/products): every argument of type usize is a byte offset.

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

/**
 * The `rank`-th largest value of each row of tiles.
 * @param tiles as `addPanelProducts` leaves them, `panels` to a row of tiles @param rows how many rows are asked for
 * @param columns how many values a row has, <= 4·panels @param rank 1..columns @param heap rank f64 of scratch
 * @param out rows f64
 */
export function largestOfRows(
  tiles: usize,
  rows: i32,
  panels: i32,
  columns: i32,
  rank: i32,
  heap: usize,
  out: usize,
): void {
  for (let i = 0; i < rows; i++) {
    for (let h = 0; h < rank; h++) store<f64>(heap + ((<usize>h) << 3), -Infinity);
    let least = -Infinity;
    let at = tiles + <usize>(i >> 2) * <usize>panels * TILE + <usize>(i & 3) * 32;
    for (let j = 0; j < columns; j += 4) {
      const limit = f64x2.splat(least);
      const larger = v128.or(f64x2.gt(v128.load(at), limit), f64x2.gt(v128.load(at, 16), limit));
      if (v128.any_true(larger)) {
        const lanes = min(4, columns - j);
        for (let lane = 0; lane < lanes; lane++) {
          const value = load<f64>(at + ((<usize>lane) << 3));
          if (value > least) {
            replaceLeast(heap, rank, value);
            least = load<f64>(heap);
          }
        }
      }
      at += TILE;
    }
    store<f64>(out + ((<usize>i) << 3), least);
  }
}

/** Puts a value in the place of the least of a heap, which stands at its top. */
function replaceLeast(heap: usize, length: i32, value: f64): void {
  const end = heap + ((<usize>length) << 3);
  const last = end - 8;
  let at = heap;
  // The children of entry i are 2i + 1 and 2i + 2.
  let child = heap + 8;
  while (child < end) {
    // Without a branch, which nothing could foresee.
    if (child < last) child += (<usize>(load<f64>(child, 8) < load<f64>(child))) << 3;
    const lesser = load<f64>(child);
    if (lesser >= value) break;
    store<f64>(at, lesser);
    at = child;
    child = (child << 1) - heap + 8;
  }
  store<f64>(at, value);
}

/** Σ x_i·y_i over `length` float64. */
function dot(x: usize, y: usize, length: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  const unrolledEnd = x + ((<usize>length >> 3) << 6);
  const end = x + ((<usize>length) << 3);
  while (x < unrolledEnd) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(x, 0), v128.load(y, 0)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(x, 16), v128.load(y, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(x, 32), v128.load(y, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(x, 48), v128.load(y, 48)));
    x += 64;
    y += 64;
  }
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  while (x < end) {
    sum += load<f64>(x) * load<f64>(y);
    x += 8;
    y += 8;
  }
  return sum;
}

/** x −= s·u + t·v over `length` float64. */
function subtractTwo(x: usize, s: f64, u: usize, t: f64, v: usize, length: i32): void {
  const ss = f64x2.splat(s);
  const tt = f64x2.splat(t);
  const pairsEnd = x + ((<usize>length >> 1) << 4);
  while (x < pairsEnd) {
    const change = f64x2.add(f64x2.mul(ss, v128.load(u)), f64x2.mul(tt, v128.load(v)));
    v128.store(x, f64x2.sub(v128.load(x), change));
    x += 16;
    u += 16;
    v += 16;
  }
  if (length & 1) store<f64>(x, load<f64>(x) - s * load<f64>(u) - t * load<f64>(v));
}

/** Rotates the vectors x and y: (x, y) becomes (c·x − s·y, s·x + c·y). */
function rotate(x: usize, y: usize, c: f64, s: f64, length: i32): void {
  const cc = f64x2.splat(c);
  const ss = f64x2.splat(s);
  const pairsEnd = x + ((<usize>length >> 1) << 4);
  while (x < pairsEnd) {
    const a = v128.load(x);
    const b = v128.load(y);
    v128.store(x, f64x2.sub(f64x2.mul(cc, a), f64x2.mul(ss, b)));
    v128.store(y, f64x2.add(f64x2.mul(ss, a), f64x2.mul(cc, b)));
    x += 16;
    y += 16;
  }
  if (length & 1) {
    const a = load<f64>(x);
    const b = load<f64>(y);
    store<f64>(x, c * a - s * b);
    store<f64>(y, s * a + c * b);
  }
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder tridiagonalisation, then QL with implicit
 * shifts (EISPACK's tred2 and tql2, Wilkinson & Reinsch 1971), with the eigenvectors in rows so that every inner
 * loop runs along memory.
 * @param a n×n, both triangles; destroyed
 * @param z n×n, on return eigenvector i in row i
 * @param d n, on return the eigenvalues, in no order
 * @param e 3·n of scratch
 * @returns 0, or 1 when an eigenvalue has not converged after 60 iterations
 */
export function symmetricEigen(n: i32, a: usize, z: usize, d: usize, e: usize): i32 {
  const w = e + ((<usize>n) << 3);
  const beta = w + ((<usize>n) << 3);
  const rowBytes = (<usize>n) << 3;
  for (let k = 0; k < n - 2; k++) {
    const v = a + <usize>k * rowBytes + ((<usize>(k + 1)) << 3);
    const length = n - k - 1;
    const first = load<f64>(v);
    const rest = dot(v + 8, v + 8, length - 1);
    store<f64>(d + ((<usize>k) << 3), load<f64>(v - 8));
    if (rest === 0) {
      store<f64>(e + ((<usize>k) << 3), first);
      store<f64>(beta + ((<usize>k) << 3), 0);
      continue;
    }
    const norm = Math.sqrt(first * first + rest);
    const head = first > 0 ? first + norm : first - norm;
    const scale = 2 / (head * head + rest);
    store<f64>(v, head);
    store<f64>(e + ((<usize>k) << 3), first > 0 ? -norm : norm);
    store<f64>(beta + ((<usize>k) << 3), scale);
    // A −= v·wᵀ + w·vᵀ with w = p − (scale/2)(pᵀv)·v, p = scale·A·v.
    const trailing = v + rowBytes;
    for (let i = 0; i < length; i++)
      store<f64>(w + ((<usize>i) << 3), scale * dot(trailing + <usize>i * rowBytes, v, length));
    const half = (scale / 2) * dot(w, v, length);
    for (let i = 0; i < length; i++) {
      const at = w + ((<usize>i) << 3);
      store<f64>(at, load<f64>(at) - half * load<f64>(v + ((<usize>i) << 3)));
    }
    for (let i = 0; i < length; i++)
      subtractTwo(
        trailing + <usize>i * rowBytes,
        load<f64>(v + ((<usize>i) << 3)),
        w,
        load<f64>(w + ((<usize>i) << 3)),
        v,
        length,
      );
  }
  if (n > 1) {
    const corner = a + <usize>(n - 2) * rowBytes + ((<usize>(n - 2)) << 3);
    store<f64>(d + ((<usize>(n - 2)) << 3), load<f64>(corner));
    store<f64>(e + ((<usize>(n - 2)) << 3), load<f64>(corner, 8));
  }
  store<f64>(d + ((<usize>(n - 1)) << 3), load<f64>(a + <usize>n * rowBytes - 8));
  store<f64>(e + ((<usize>(n - 1)) << 3), 0);

  // z = product of the reflections, last first; before reflection k only rows and columns over k + 1 are filled.
  memory.fill(z, 0, <usize>n * rowBytes);
  for (let i = 0; i < n; i++) store<f64>(z + <usize>i * (rowBytes + 8), 1);
  for (let k = n - 3; k >= 0; k--) {
    const scale = load<f64>(beta + ((<usize>k) << 3));
    if (scale === 0) continue;
    const length = n - k - 1;
    const v = a + <usize>k * rowBytes + ((<usize>(k + 1)) << 3);
    for (let r = k + 1; r < n; r++) {
      const row = z + <usize>r * rowBytes + ((<usize>(k + 1)) << 3);
      subtractTwo(row, scale * dot(row, v, length), v, 0, v, length);
    }
  }

  let shift: f64 = 0;
  let largest: f64 = 0;
  for (let l = 0; l < n; l++) {
    const dl = d + ((<usize>l) << 3);
    const el = e + ((<usize>l) << 3);
    largest = Math.max(largest, Math.abs(load<f64>(dl)) + Math.abs(load<f64>(el)));
    const small = largest * 2.220446049250313e-16;
    let m = l;
    while (Math.abs(load<f64>(e + ((<usize>m) << 3))) > small) m++;
    for (let iteration = 0; m > l; iteration++) {
      if (iteration === 60) return 1;
      const g = load<f64>(dl);
      let p = (load<f64>(dl, 8) - g) / (2 * load<f64>(el));
      const r = p < 0 ? -Math.sqrt(p * p + 1) : Math.sqrt(p * p + 1);
      store<f64>(dl, load<f64>(el) / (p + r));
      store<f64>(dl, load<f64>(el) * (p + r), 8);
      const next = load<f64>(dl, 8);
      const h = g - load<f64>(dl);
      for (let i = l + 2; i < n; i++) {
        const at = d + ((<usize>i) << 3);
        store<f64>(at, load<f64>(at) - h);
      }
      shift += h;
      p = load<f64>(d + ((<usize>m) << 3));
      let c: f64 = 1;
      let c2: f64 = 1;
      let c3: f64 = 1;
      let s: f64 = 0;
      let s2: f64 = 0;
      const el1 = load<f64>(el, 8);
      for (let i = m - 1; i >= l; i--) {
        const di = d + ((<usize>i) << 3);
        const ei = e + ((<usize>i) << 3);
        c3 = c2;
        c2 = c;
        s2 = s;
        const ge = c * load<f64>(ei);
        const hp = c * p;
        const radius = Math.sqrt(p * p + load<f64>(ei) * load<f64>(ei));
        store<f64>(ei, s * radius, 8);
        s = load<f64>(ei) / radius;
        c = p / radius;
        p = c * load<f64>(di) - s * ge;
        store<f64>(di, hp + s * (c * ge + s * load<f64>(di)), 8);
        const row = z + <usize>i * rowBytes;
        rotate(row, row + rowBytes, c, s, n);
      }
      p = (-s * s2 * c3 * el1 * load<f64>(el)) / next;
      store<f64>(el, s * p);
      store<f64>(dl, c * p);
      if (Math.abs(load<f64>(el)) <= small) break;
    }
    store<f64>(dl, load<f64>(dl) + shift);
    store<f64>(el, 0);
  }
  return 0;
}
