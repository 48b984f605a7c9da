/**
 * ln x for x > 0 from +, −, ×, ÷ alone. `Math.log` may differ in its last bit from one JavaScript engine to
 * the next, and a detector must answer to the same bit in all of them.
 *
 * x = m · 2^e with m in [√½, √2), ln m = 2 artanh((m − 1)/(m + 1)) by its series; error below 2e-16 · (1 + |ln x|).
 */
export function portableLog(x: number): number {
  let m = x;
  let exponent = 0;
  while (m >= Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  while (m < Math.SQRT1_2) {
    m *= 2;
    exponent--;
  }
  const z = (m - 1) / (m + 1);
  const square = z * z;
  // |z| < 0.172, so the term of order 23 is below 2^-53 of the first.
  let series = 1 / 23;
  for (let order = 21; order > 0; order -= 2) series = series * square + 1 / order;
  return 2 * z * series + exponent * Math.LN2;
}
