// AssemblyScript: the loops of the bootstrap. Memory is laid out by the caller (../src/wasm/bootstrap): every argument of
// type usize is a byte offset. Four replicates are swept at once, in the lanes of two vectors of f64: how the inputs rank
// is the same for all, how often each counts is not.

/**
 * Draws n of n inputs with replacement, by the generator of ../src/random.ts.
 *
 * @param state its four u32, which move on @param defects 1 or 0 an input, u8 @param counts raised by how often each
 *   input was drawn: f64, 32 bytes apart
 * @returns how often defects were drawn
 */
export function drawReplicate(n: i32, state: usize, defects: usize, counts: usize): i32 {
  let a = load<u32>(state, 0);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let positives = 0;
  for (let k = 0; k < n; k++) {
    const drawn = rotl<u32>(b * 5, 7) * 9;
    const u = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= u;
    d = rotl<u32>(d, 11);
    const input = <usize>(<i32>((<f64>drawn / 4294967296) * <f64>n));
    const count = counts + (input << 5);
    store<f64>(count, load<f64>(count) + 1);
    positives += load<u8>(defects + input);
  }
  store<u32>(state, a, 0);
  store<u32>(state, b, 4);
  store<u32>(state, c, 8);
  store<u32>(state, d, 12);
  return positives;
}

/** What `sweepRanking` knows of two replicates and adds up for them: offsets of two f64 each. */
const POSITIVES: usize = 0;
const WANTED: usize = 16;
const ACCEPTED_DEFECTS: usize = 32;
const CONCORDANT: usize = 48;
const PRECISION_OUT: usize = 64;
const MISSING_PRECISION_IN: usize = 80;
const FALSE_POSITIVES: usize = 96;
const MISSING_RISKS: usize = 112;
const STATE_BYTES: usize = 128;

/**
 * `sweep` of ../src/wasm/bootstrap/sweep.ts for four replicates: the same operations in the same order, so the same bits.
 *
 * @param ranks n of u32 by falling score: 4 · input + 2 where a group of equal scores ends + 1 where it is a defect;
 *   then a zero
 * @param counts how often each input counts, four f64 an input: n in all, in every replicate
 * @param state of the first two replicates, then of the others: positives (the defects' share of n) and wanted
 *   (defects that must be found for the false-positive rate) when called, all the rest on return
 * @param summed `summedHarmonics`, k = 0..n, f64
 */
export function sweepRanking(n: i32, ranks: usize, counts: usize, state: usize, summed: usize): void {
  const everything = f64x2.splat(<f64>n);
  // Not splat(1), which V8 would make anew at each use.
  const one = f64x2.splat(<f64>min(n, 1));
  begin(state, everything);
  begin(state + STATE_BYTES, everything);
  let accepted0 = everything;
  let accepted1 = everything;
  let shares0 = f64x2.splat(0);
  let shares1 = f64x2.splat(0);
  const end = ranks + ((<usize>n) << 2);
  let at = ranks;
  while (at < end) {
    let rank = load<u32>(at);
    // Sound inputs that share their score with none.
    while ((rank & 3) === 2) {
      const sound0 = v128.load(counts + countsOf(rank));
      const sound1 = v128.load(counts + countsOf(rank), 16);
      shares0 = f64x2.add(shares0, f64x2.div(sound0, f64x2.pmax(accepted0, one)));
      shares1 = f64x2.add(shares1, f64x2.div(sound1, f64x2.pmax(accepted1, one)));
      accepted0 = f64x2.sub(accepted0, sound0);
      accepted1 = f64x2.sub(accepted1, sound1);
      at += 4;
      rank = load<u32>(at);
    }
    if (at >= end) break;
    let size0 = f64x2.splat(0);
    let size1 = f64x2.splat(0);
    let bad0 = f64x2.splat(0);
    let bad1 = f64x2.splat(0);
    let holdsDefects: u32 = 0;
    for (;;) {
      const count0 = v128.load(counts + countsOf(rank));
      const count1 = v128.load(counts + countsOf(rank), 16);
      size0 = f64x2.add(size0, count0);
      size1 = f64x2.add(size1, count1);
      if (rank & 1) {
        bad0 = f64x2.add(bad0, count0);
        bad1 = f64x2.add(bad1, count1);
        holdsDefects = 1;
      }
      at += 4;
      if (rank & 2) break;
      rank = load<u32>(at);
    }
    const below0 = f64x2.sub(accepted0, size0);
    const below1 = f64x2.sub(accepted1, size1);
    shares0 = f64x2.add(shares0, f64x2.div(f64x2.sub(size0, bad0), f64x2.pmax(accepted0, one)));
    shares1 = f64x2.add(shares1, f64x2.div(f64x2.sub(size1, bad1), f64x2.pmax(accepted1, one)));
    if (holdsDefects) {
      addGroup(state, everything, accepted0, below0, bad0, shares0, summed);
      addGroup(state + STATE_BYTES, everything, accepted1, below1, bad1, shares1, summed);
      shares0 = f64x2.splat(0);
      shares1 = f64x2.splat(0);
    }
    accepted0 = below0;
    accepted1 = below1;
  }
}

/** Offset of an input's counts. */
function countsOf(rank: u32): usize {
  return <usize>((rank & 0xfffffffc) << 3);
}

function begin(state: usize, everything: v128): void {
  v128.store(state, v128.load(state, POSITIVES), ACCEPTED_DEFECTS);
  v128.store(state, f64x2.splat(0), CONCORDANT);
  v128.store(state, f64x2.splat(0), PRECISION_OUT);
  v128.store(state, f64x2.splat(0), MISSING_PRECISION_IN);
  v128.store(state, everything, FALSE_POSITIVES);
  v128.store(state, f64x2.splat(0), MISSING_RISKS);
}

/** What a group with defects adds to two replicates. In memory, which leaves the registers to the sound ones. */
function addGroup(
  state: usize,
  everything: v128,
  accepted: v128,
  below: v128,
  bad: v128,
  shares: v128,
  summed: usize,
): void {
  const one = f64x2.splat(1);
  const size = f64x2.sub(accepted, below);
  const sound = f64x2.sub(size, bad);
  const acceptedDefects = v128.load(state, ACCEPTED_DEFECTS);
  const defectsBelow = f64x2.sub(acceptedDefects, bad);
  const found = f64x2.sub(v128.load(state, POSITIVES), defectsBelow);
  const rejected = f64x2.sub(everything, below);
  v128.store(state, defectsBelow, ACCEPTED_DEFECTS);
  raise(state + MISSING_PRECISION_IN, f64x2.mul(acceptedDefects, shares));
  const soundBelow = f64x2.add(f64x2.sub(below, defectsBelow), f64x2.mul(sound, f64x2.splat(0.5)));
  raise(state + CONCORDANT, f64x2.mul(bad, soundBelow));
  raise(state + PRECISION_OUT, f64x2.div(f64x2.mul(bad, found), f64x2.pmax(rejected, one)));
  const falsePositives = v128.load(state, FALSE_POSITIVES);
  const enough = f64x2.ge(found, v128.load(state, WANTED));
  const there = v128.bitselect(f64x2.sub(rejected, found), falsePositives, enough);
  v128.store(state, f64x2.pmin(falsePositives, there), FALSE_POSITIVES);
  const risks = f64x2.sub(entries(summed, accepted), entries(summed, below));
  raise(state + MISSING_RISKS, f64x2.mul(f64x2.div(bad, f64x2.pmax(size, one)), risks));
}

function raise(sum: usize, by: v128): void {
  v128.store(sum, f64x2.add(v128.load(sum), by));
}

/** Two entries of a table of f64. @param at whole numbers as f64, which adding 2^52 puts into their last bits */
function entries(table: usize, at: v128): v128 {
  const bits = f64x2.add(at, f64x2.splat(4503599627370496));
  return v128.load_lane<f64>(
    table + ((<usize>(<u32>i64x2.extract_lane(bits, 1))) << 3),
    v128.load_zero<f64>(table + ((<usize>(<u32>i64x2.extract_lane(bits, 0))) << 3)),
    1,
  );
}
