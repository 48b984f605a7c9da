/** The tensor at which a graph was to be split is not there, or is no bottleneck. */
export class Unsplittable extends Error {
  /** @param {string} problem @param {readonly string[]} candidates tensors at which it can be split */
  constructor(problem, candidates) {
    super(problem);
    this.candidates = candidates;
  }
}
