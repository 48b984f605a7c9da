// AssemblyScript: counting strength predicates and weighing them for the detector. Memory is laid out by the caller
// (../src/wasm/predicates): every argument of type usize is a byte offset, and nothing is allocated here.

/** Order-preserving bits of a float32: a < b as floats exactly when ordered(a) < ordered(b); -0 becomes 0. */
function ordered(value: f32): u32 {
  const bits = reinterpret<u32>(value + 0.0);
  return bits ^ (<u32>(<i32>bits >> 31) | 0x80000000);
}

/**
 * Sorts `length` (<= 4096) packed u64 (ordered strength in the high half, concept in the low half) by their
 * high halves, least significant byte first; stable, so equal strengths stay in the order of concepts.
 * @param keys length u64, sorted on return
 * @param spare length u64 of scratch
 * @param histograms 4 × 256 u32 of scratch
 */
function radixSort(keys: usize, spare: usize, histograms: usize, length: i32): void {
  memory.fill(histograms, 0, 4096);
  for (let k = 0; k < length; k++) {
    const key = load<u32>(keys + ((<usize>k) << 3) + 4);
    increment(histograms + ((key & 0xff) << 2));
    increment(histograms + 1024 + (((key >> 8) & 0xff) << 2));
    increment(histograms + 2048 + (((key >> 16) & 0xff) << 2));
    increment(histograms + 3072 + ((key >> 24) << 2));
  }
  let from = keys;
  let to = spare;
  for (let pass = 0; pass < 4; pass++) {
    const histogram = histograms + ((<usize>pass) << 10);
    const shift = <u64>(32 + 8 * pass);
    // A byte that all keys share needs no pass.
    const first = <usize>((load<u64>(from) >> shift) & 0xff);
    if (load<u32>(histogram + (first << 2)) === <u32>length) continue;
    let place: u32 = 0;
    for (let bucket: usize = 0; bucket < 1024; bucket += 4) {
      const size = load<u32>(histogram + bucket);
      store<u32>(histogram + bucket, place);
      place += size;
    }
    for (let k = 0; k < length; k++) {
      const key = load<u64>(from + ((<usize>k) << 3));
      const bucket = histogram + ((<usize>((key >> shift) & 0xff)) << 2);
      const at = load<u32>(bucket);
      store<u32>(bucket, at + 1);
      store<u64>(to + ((<usize>at) << 3), key);
    }
    const held = from;
    from = to;
    to = held;
  }
  if (from !== keys) memory.copy(keys, from, (<usize>length) << 3);
}

function increment(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

/**
 * Replaces each input's strengths by ranks, concept-major: at ranks[c * stride + input] the number of
 * distinct strengths below, minus `bias`, one byte wide or two. Adds every tied pair (i < j) of an input to
 * counts[j * countStride + i].
 * @param strengths inputs × concepts f32, row-major
 */
export function rankInputs(
  strengths: usize,
  inputs: i32,
  concepts: i32,
  ranks: usize,
  stride: i32,
  wide: bool,
  bias: i32,
  counts: usize,
  countStride: i32,
  scratch: usize,
): void {
  const keys = scratch;
  const spare = keys + ((<usize>concepts) << 3);
  const histograms = spare + ((<usize>concepts) << 3);
  for (let input = 0; input < inputs; input++) {
    const row = strengths + ((<usize>(input * concepts)) << 2);
    for (let c = 0; c < concepts; c++) {
      const key = ordered(load<f32>(row + ((<usize>c) << 2)));
      store<u64>(keys + ((<usize>c) << 3), ((<u64>key) << 32) | <u64>c);
    }
    radixSort(keys, spare, histograms, concepts);
    let rank = -1 - bias;
    let previous: u32 = 0;
    let runStart = 0;
    for (let k = 0; k < concepts; k++) {
      const packed = load<u64>(keys + ((<usize>k) << 3));
      const key = <u32>(packed >> 32);
      const concept = <i32>packed;
      if (k === 0 || key !== previous) {
        rank++;
        runStart = k;
        previous = key;
      } else {
        const tied = counts + ((<usize>(concept * countStride)) << 2);
        for (let t = runStart; t < k; t++)
          increment(tied + ((<usize>load<u32>(keys + ((<usize>t) << 3))) << 2));
      }
      const at = concept * stride + input;
      if (wide) store<i16>(ranks + ((<usize>at) << 1), <i16>rank);
      else store<i8>(ranks + <usize>at, <i8>rank);
    }
  }
}

/**
 * Adds to counts[i * countStride + j], i < j, the number of inputs with rank i > rank j, for all pairs of
 * concepts. The register tile is 2 × 4 pairs; 255 steps of 16 byte lanes are the most that do not overflow,
 * so `stride` (a multiple of 16, unused inputs all equal) is at most 4,080.
 * @param concepts a multiple of 4
 */
export function countNarrow(ranks: usize, stride: i32, concepts: i32, counts: usize, countStride: i32): void {
  for (let i = 0; i < concepts; i += 2) {
    const i0 = ranks + <usize>(i * stride);
    const i1 = i0 + <usize>stride;
    for (let j = i & ~3; j < concepts; j += 4) {
      const j0 = ranks + <usize>(j * stride);
      const j1 = j0 + <usize>stride;
      const j2 = j1 + <usize>stride;
      const j3 = j2 + <usize>stride;
      let a0 = i8x16.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let b0 = a0;
      let b1 = a0;
      let b2 = a0;
      let b3 = a0;
      for (let at: usize = 0; at < <usize>stride; at += 16) {
        const a = v128.load(i0 + at);
        const b = v128.load(i1 + at);
        let other = v128.load(j0 + at);
        a0 = i8x16.sub(a0, i8x16.gt_s(a, other));
        b0 = i8x16.sub(b0, i8x16.gt_s(b, other));
        other = v128.load(j1 + at);
        a1 = i8x16.sub(a1, i8x16.gt_s(a, other));
        b1 = i8x16.sub(b1, i8x16.gt_s(b, other));
        other = v128.load(j2 + at);
        a2 = i8x16.sub(a2, i8x16.gt_s(a, other));
        b2 = i8x16.sub(b2, i8x16.gt_s(b, other));
        other = v128.load(j3 + at);
        a3 = i8x16.sub(a3, i8x16.gt_s(a, other));
        b3 = i8x16.sub(b3, i8x16.gt_s(b, other));
      }
      const a = fourSums(widen(a0), widen(a1), widen(a2), widen(a3));
      const b = fourSums(widen(b0), widen(b1), widen(b2), widen(b3));
      addAbove(counts, countStride, i, j, a);
      addAbove(counts, countStride, i + 1, j, b);
    }
  }
}

/** As countNarrow, with ranks of two bytes; `stride` (a multiple of 8) at most 524,280. */
export function countWide(ranks: usize, stride: i32, concepts: i32, counts: usize, countStride: i32): void {
  const bytes = (<usize>stride) << 1;
  for (let i = 0; i < concepts; i += 2) {
    const i0 = ranks + <usize>i * bytes;
    const i1 = i0 + bytes;
    for (let j = i & ~3; j < concepts; j += 4) {
      const j0 = ranks + <usize>j * bytes;
      const j1 = j0 + bytes;
      const j2 = j1 + bytes;
      const j3 = j2 + bytes;
      let a0 = i16x8.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let b0 = a0;
      let b1 = a0;
      let b2 = a0;
      let b3 = a0;
      for (let at: usize = 0; at < bytes; at += 16) {
        const a = v128.load(i0 + at);
        const b = v128.load(i1 + at);
        let other = v128.load(j0 + at);
        a0 = i16x8.sub(a0, i16x8.gt_s(a, other));
        b0 = i16x8.sub(b0, i16x8.gt_s(b, other));
        other = v128.load(j1 + at);
        a1 = i16x8.sub(a1, i16x8.gt_s(a, other));
        b1 = i16x8.sub(b1, i16x8.gt_s(b, other));
        other = v128.load(j2 + at);
        a2 = i16x8.sub(a2, i16x8.gt_s(a, other));
        b2 = i16x8.sub(b2, i16x8.gt_s(b, other));
        other = v128.load(j3 + at);
        a3 = i16x8.sub(a3, i16x8.gt_s(a, other));
        b3 = i16x8.sub(b3, i16x8.gt_s(b, other));
      }
      addAbove(counts, countStride, i, j, fourSums(a0, a1, a2, a3));
      addAbove(counts, countStride, i + 1, j, fourSums(b0, b1, b2, b3));
    }
  }
}

/** 16 byte counters to 8 of two bytes. */
function widen(counters: v128): v128 {
  return i16x8.extadd_pairwise_i8x16_u(counters);
}

/** The sums of four registers of 8 counters, as four i32 lanes. */
function fourSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const wideA = i32x4.extadd_pairwise_i16x8_u(a);
  const wideB = i32x4.extadd_pairwise_i16x8_u(b);
  const wideC = i32x4.extadd_pairwise_i16x8_u(c);
  const wideD = i32x4.extadd_pairwise_i16x8_u(d);
  // Transpose 4 × 4, then add the rows.
  const ab = i32x4.add(i32x4.shuffle(wideA, wideB, 0, 4, 1, 5), i32x4.shuffle(wideA, wideB, 2, 6, 3, 7));
  const cd = i32x4.add(i32x4.shuffle(wideC, wideD, 0, 4, 1, 5), i32x4.shuffle(wideC, wideD, 2, 6, 3, 7));
  return i32x4.add(i64x2.shuffle(ab, cd, 0, 2), i64x2.shuffle(ab, cd, 1, 3));
}

/** Adds four sums to counts[i, j..j+3], leaving the diagonal and what is below (there ties are counted). */
function addAbove(counts: usize, countStride: i32, i: i32, j: i32, sums: v128): void {
  const at = counts + ((<usize>(i * countStride + j)) << 2);
  if (j > i) v128.store(at, i32x4.add(v128.load(at), sums));
  else {
    if (j + 1 > i) store<i32>(at + 4, load<i32>(at + 4) + i32x4.extract_lane(sums, 1));
    if (j + 2 > i) store<i32>(at + 8, load<i32>(at + 8) + i32x4.extract_lane(sums, 2));
    if (j + 3 > i) store<i32>(at + 12, load<i32>(at + 12) + i32x4.extract_lane(sums, 3));
  }
}

/**
 * Turns the tie counts below the diagonal into wins: an input in which neither i beats j nor both are equal
 * is one in which j beats i.
 */
export function finishCounts(counts: usize, countStride: i32, concepts: i32, inputs: i32): void {
  for (let j = 1; j < concepts; j++)
    for (let i = 0; i < j; i++) {
      const below = counts + ((<usize>(j * countStride + i)) << 2);
      const above = counts + ((<usize>(i * countStride + j)) << 2);
      store<i32>(below, inputs - load<i32>(below) - load<i32>(above));
    }
}

/**
 * Adds to counts[i * countStride + j], for all i and j, the number of inputs in which i outranks j in both
 * rank matrices (two bytes a rank). `concepts` is a multiple of 4.
 */
export function countJoint(
  first: usize,
  second: usize,
  stride: i32,
  concepts: i32,
  counts: usize,
  countStride: i32,
): void {
  const bytes = (<usize>stride) << 1;
  for (let i = 0; i < concepts; i++) {
    const i1 = first + <usize>i * bytes;
    const i2 = second + <usize>i * bytes;
    for (let j = 0; j < concepts; j += 4) {
      const j1 = first + <usize>j * bytes;
      const j2 = second + <usize>j * bytes;
      let n0 = i16x8.splat(0);
      let n1 = n0;
      let n2 = n0;
      let n3 = n0;
      for (let at: usize = 0; at < bytes; at += 16) {
        const a = v128.load(i1 + at);
        const b = v128.load(i2 + at);
        n0 = i16x8.sub(n0, bothGreater(a, b, j1 + at, j2 + at));
        n1 = i16x8.sub(n1, bothGreater(a, b, j1 + bytes + at, j2 + bytes + at));
        n2 = i16x8.sub(n2, bothGreater(a, b, j1 + 2 * bytes + at, j2 + 2 * bytes + at));
        n3 = i16x8.sub(n3, bothGreater(a, b, j1 + 3 * bytes + at, j2 + 3 * bytes + at));
      }
      const at = counts + ((<usize>(i * countStride + j)) << 2);
      v128.store(at, i32x4.add(v128.load(at), fourSums(n0, n1, n2, n3)));
    }
  }
}

function bothGreater(a: v128, b: v128, first: usize, second: usize): v128 {
  return v128.and(i16x8.gt_s(a, v128.load(first)), i16x8.gt_s(b, v128.load(second)));
}

/**
 * The detector's sums: for one input, the weights of its true cells summed by concept (row and column
 * together), a pair of float64 (correct, incorrect) each. The order of additions is part of the contract:
 * strongest concept first, ties in the order of concepts.
 * @param strengths concepts f32
 * @param weights concepts × concepts pairs of f64
 * @param sums concepts pairs of f64, overwritten
 * @returns the number of true cells
 */
export function sumTrueCells(
  strengths: usize,
  concepts: i32,
  weights: usize,
  sums: usize,
  scratch: usize,
): i32 {
  const keys = scratch;
  const spare = keys + ((<usize>concepts) << 3);
  const histograms = spare + ((<usize>concepts) << 3);
  for (let c = 0; c < concepts; c++) {
    // Inverted bits sort the strongest first.
    const key = ~ordered(load<f32>(strengths + ((<usize>c) << 2)));
    store<u64>(keys + ((<usize>c) << 3), ((<u64>key) << 32) | <u64>c);
  }
  radixSort(keys, spare, histograms, concepts);
  memory.fill(sums, 0, (<usize>concepts) << 4);
  const end = keys + ((<usize>concepts) << 3);
  let next = keys;
  let trueCells = 0;
  for (let at = keys; at < end; at += 8) {
    const stronger = <usize>load<u32>(at);
    if (at === next) {
      const key = load<u32>(at + 4);
      next += 8;
      while (next < end && load<u32>(next + 4) === key) next += 8;
    }
    const row = weights + ((stronger * <usize>concepts) << 4);
    let total = f64x2.splat(0);
    for (let other = next; other < end; other += 8) {
      const offset = (<usize>load<u32>(other)) << 4;
      const weight = v128.load(row + offset);
      total = f64x2.add(total, weight);
      const column = sums + offset;
      v128.store(column, f64x2.add(v128.load(column), weight));
    }
    const own = sums + (stronger << 4);
    v128.store(own, f64x2.add(v128.load(own), total));
    trueCells += <i32>((end - next) >> 3);
  }
  return trueCells;
}
