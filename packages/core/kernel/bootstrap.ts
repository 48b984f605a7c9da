// The loops of the bootstrap, AssemblyScript, compiled by build-bootstrap.mjs. Memory is laid out by the caller
// (../src/bootstrap/replicates.ts): every argument of type usize is a byte offset.

/**
 * Draws n of n inputs with replacement, by the generator of ../src/random.ts.
 *
 * @param state its four u32, which move on @param defects 1 or 0 an input, u8 @param counts on return how often each
 *   input was drawn, i32
 * @returns how often defects were drawn
 */
export function drawReplicate(n: i32, state: usize, defects: usize, counts: usize): i32 {
  memory.fill(counts, 0, (<usize>n) << 2);
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
    const count = counts + (input << 2);
    store<i32>(count, load<i32>(count) + 1);
    positives += load<u8>(defects + input);
  }
  store<u32>(state, a, 0);
  store<u32>(state, b, 4);
  store<u32>(state, c, 8);
  store<u32>(state, d, 12);
  return positives;
}

/**
 * `sweep` of ../src/bootstrap/sweep.ts: the same operations in the same order, so the same bits.
 *
 * @param ranks n of u32 by falling score: 4 · input + 2 where a group of equal scores ends + 1 where it is a defect
 * @param counts how often each input counts, u32 @param total their sum @param positives the defects' share of it
 * @param found95 defects that must be found for the false-positive rate
 * @param reciprocals 1/k, k = 0..total, f64 @param harmonic 1/1 + ... + 1/k, f64
 * @param sums five f64 on return: concordant pairs, summed precisions of both classes, false positives at found95,
 *   summed risks
 */
export function sweepRanking(
  n: i32,
  ranks: usize,
  counts: usize,
  total: i32,
  positives: i32,
  found95: i32,
  reciprocals: usize,
  harmonic: usize,
  sums: usize,
): void {
  let accepted = total;
  let acceptedDefects = positives;
  let concordant: f64 = 0;
  let precisionOut: f64 = 0;
  let precisionIn: f64 = 0;
  let falsePositives = -1;
  let risks: f64 = 0;
  let size = 0;
  let bad = 0;
  let harmonicAccepted = load<f64>(harmonic + ((<usize>accepted) << 3));
  const end = ranks + ((<usize>n) << 2);
  for (let at = ranks; at < end; at += 4) {
    const rank = load<u32>(at);
    const count = load<i32>(counts + <usize>(rank & 0xfffffffc));
    size += count;
    if (rank & 1) bad += count;
    if (!(rank & 2)) continue;
    const below = accepted - size;
    const harmonicBelow = load<f64>(harmonic + ((<usize>below) << 3));
    const spread = harmonicAccepted - harmonicBelow;
    if (bad === 0) {
      concordant += <f64>size * <f64>(positives - acceptedDefects);
      precisionIn +=
        <f64>size * <f64>(accepted - acceptedDefects) * load<f64>(reciprocals + ((<usize>accepted) << 3));
      risks += <f64>acceptedDefects * spread;
    } else {
      const sound = size - bad;
      const defectsBelow = acceptedDefects - bad;
      const found = positives - defectsBelow;
      precisionOut += <f64>bad * <f64>found * load<f64>(reciprocals + ((<usize>(total - below)) << 3));
      if (falsePositives < 0 && found >= found95) falsePositives = total - below - found;
      if (sound === 0) {
        risks += <f64>bad + <f64>(defectsBelow - below) * spread;
      } else {
        concordant += <f64>sound * (<f64>found - <f64>bad / 2);
        precisionIn +=
          <f64>sound * <f64>(accepted - acceptedDefects) * load<f64>(reciprocals + ((<usize>accepted) << 3));
        risks += <f64>bad + (<f64>defectsBelow - <f64>below * (<f64>bad / <f64>size)) * spread;
      }
      acceptedDefects = defectsBelow;
    }
    accepted = below;
    harmonicAccepted = harmonicBelow;
    size = 0;
    bad = 0;
  }
  store<f64>(sums, concordant, 0);
  store<f64>(sums, precisionOut, 8);
  store<f64>(sums, precisionIn, 16);
  store<f64>(sums, <f64>falsePositives, 24);
  store<f64>(sums, risks, 32);
}
