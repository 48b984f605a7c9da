/** Positions `first <= position < end` of a dataset. */
export interface Range {
  first: number;
  end: number;
}

/**
 * Cuts a dataset's inputs, in order of position, into ranges of about `size` (never over 1.5 × size).
 *
 * Without content, every `size` positions. With content (a 32-bit value of each input, from its image's hash),
 * a range ends where the content says so: a few inputs more or less then change only the ranges that they fall
 * into, and every other range keeps the key of its cached results. This is content-defined chunking, as in
 * LBFS (Muthitacharoen et al. 2001).
 *
 * @param count number of inputs
 * @param content one value in 0..2^32-1 an input; undefined when the inputs have no content of their own
 */
export function cutShards(count: number, size: number, content?: ArrayLike<number>): Range[] {
  const ranges: Range[] = [];
  const shortest = content ? Math.ceil(size / 2) : size;
  const longest = content ? Math.floor(1.5 * size) : size;
  // Past the shortest length an input ends its range with this chance, which makes `size` the mean.
  const chance = 2 ** 32 / Math.max(1, size - shortest);
  for (let first = 0; first < count; ) {
    let end = Math.min(first + shortest, count);
    while (end < count && end - first < longest && !(content && content[end - 1] < chance)) end++;
    ranges.push({ first, end });
    first = end;
  }
  return ranges;
}
