const digitBits = 11;
const buckets = 1 << digitBits;
const digitShifts = [0, digitBits, 2 * digitBits] as const;

/** Scores and what belongs to each, in the same order. */
export interface ScoredItems {
  scores: Float32Array;
  items: Uint32Array;
}

/**
 * Sorts by score, the largest first; equal scores keep their order. The arrays given are used up:
 * go on with those that are returned.
 *
 * A radix sort over the bits of the numbers, least significant digit first: exact, linear in their
 * count, and with room for as many once more. -0 becomes 0.
 *
 * @param scores Finite numbers.
 */
export function sortDescending({ scores, items }: ScoredItems): ScoredItems {
  let keys = keysOf(scores);
  let otherKeys: Uint32Array = new Uint32Array(keys.length);
  let otherItems: Uint32Array = new Uint32Array(items.length);
  const starts = bucketStarts(keys);
  for (const [digit, shift] of digitShifts.entries()) {
    const next = starts[digit]!;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const at = next[(key >>> shift) & (buckets - 1)]!++;
      otherKeys[at] = key;
      otherItems[at] = items[i]!;
    }
    [keys, otherKeys] = [otherKeys, keys];
    [items, otherItems] = [otherItems, items];
  }
  return { scores: scoresOf(keys), items };
}

/** In place of the scores, whole numbers that ascend where the scores descend. */
function keysOf(scores: Float32Array): Uint32Array {
  // Adding 0 turns -0 into 0: the two are equal, and must not differ in their bits.
  for (let i = 0; i < scores.length; i++) scores[i]! += 0;
  const keys = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  flipPositive(keys);
  return keys;
}

function scoresOf(keys: Uint32Array): Float32Array {
  flipPositive(keys);
  return new Float32Array(keys.buffer, keys.byteOffset, keys.length);
}

/** Negative numbers descend as their bits ascend; positive ones do once their bits are flipped. Its own inverse. */
function flipPositive(bits: Uint32Array): void {
  for (let i = 0; i < bits.length; i++) if (bits[i]! < 0x80000000) bits[i]! ^= 0x7fffffff;
}

/** Where the keys with each value of a digit begin, for each digit. */
function bucketStarts(keys: Uint32Array): Uint32Array[] {
  const counts = digitShifts.map(() => new Uint32Array(buckets));
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    counts[0]![key & (buckets - 1)]!++;
    counts[1]![(key >>> digitBits) & (buckets - 1)]!++;
    counts[2]![key >>> (2 * digitBits)]!++;
  }
  for (const count of counts) {
    let start = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      const here = count[bucket]!;
      count[bucket] = start;
      start += here;
    }
  }
  return counts;
}
