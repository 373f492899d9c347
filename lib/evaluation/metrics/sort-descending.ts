import { inPieces, type Work } from "../../errors/long-work.js";

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
export function* sortDescending({ scores, items }: ScoredItems): Work<ScoredItems> {
  const count = scores.length;
  let keys: Uint32Array = new Uint32Array(scores.buffer, scores.byteOffset, count);
  const counts = digitShifts.map(() => new Uint32Array(buckets));
  yield* inPieces(count, (from, to) => {
    toKeys(scores.subarray(from, to), keys.subarray(from, to));
    countDigits(keys.subarray(from, to), counts);
  });
  counts.forEach(toStarts);
  let otherKeys: Uint32Array = new Uint32Array(count);
  let otherItems: Uint32Array = new Uint32Array(count);
  for (const [digit, shift] of digitShifts.entries()) {
    const next = counts[digit]!;
    yield* inPieces(count, (from, to) => {
      for (let i = from; i < to; i++) {
        const key = keys[i]!;
        const at = next[(key >>> shift) & (buckets - 1)]!++;
        otherKeys[at] = key;
        otherItems[at] = items[i]!;
      }
    });
    [keys, otherKeys] = [otherKeys, keys];
    [items, otherItems] = [otherItems, items];
  }
  yield* inPieces(count, (from, to) => flipPositive(keys.subarray(from, to)));
  return { scores: new Float32Array(keys.buffer, keys.byteOffset, count), items };
}

/** Puts in place of the scores whole numbers that ascend where the scores descend. `keys` is the same memory. */
function toKeys(scores: Float32Array, keys: Uint32Array): void {
  // Adding 0 turns -0 into 0: the two are equal, and must not differ in their bits.
  for (let i = 0; i < scores.length; i++) scores[i]! += 0;
  flipPositive(keys);
}

/** Negative numbers descend as their bits ascend; positive ones do once their bits are flipped. Its own inverse. */
function flipPositive(bits: Uint32Array): void {
  for (let i = 0; i < bits.length; i++) if (bits[i]! < 0x80000000) bits[i]! ^= 0x7fffffff;
}

/** Counts, for each digit, the keys with each of its values. */
function countDigits(keys: Uint32Array, [low, middle, high]: Uint32Array[]): void {
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    low![key & (buckets - 1)]!++;
    middle![(key >>> digitBits) & (buckets - 1)]!++;
    high![key >>> (2 * digitBits)]!++;
  }
}

/** Turns the counts of a digit's values into the places where the keys with each value begin. */
function toStarts(counts: Uint32Array): void {
  let start = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const here = counts[bucket]!;
    counts[bucket] = start;
    start += here;
  }
}
