/**
 * A seeded uniform generator on [0, 1) (xoshiro128**, seeded through splitmix32): the same seed gives the
 * same bits on every machine. All randomness in Faultline flows through one of these, and the seed is stored
 * with the result.
 */
export type Random = () => number;

/** The four 32-bit words that the generator starts from. @param seed any 32-bit whole number */
export function randomState(seed: number): [number, number, number, number] {
  let s = seed >>> 0;
  const next = () => {
    s = (s + 0x9e3779b9) >>> 0;
    let z = s;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  return [next(), next(), next(), next()];
}

/** @param seed any 32-bit whole number */
export function random(seed: number): Random {
  let [a, b, c, d] = randomState(seed);
  return () => {
    const t = Math.imul(b, 5);
    const result = Math.imul((t << 7) | (t >>> 25), 9) >>> 0;
    const u = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= u;
    d = (d << 11) | (d >>> 21);
    return result / 4294967296;
  };
}

/** A Fisher-Yates shuffled copy of 0..n-1. */
export function permutation(n: number, uniform: Random): Uint32Array {
  const p = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    const held = p[i];
    p[i] = p[j];
    p[j] = held;
  }
  return p;
}
