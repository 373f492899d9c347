/** Numbers at random that a seed decides. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** Numbers at the edges of types, as many formats hold them. */
const edges = [
  0, 1, 2, 4, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
];

/** Longer inputs only take longer. */
const longest = 1 << 16;

/** An input made of one or two others, by a few of the changes that files suffer. */
export function mutated(dice: Dice, input: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = Buffer.from(input);
  for (let changes = 1 + dice.below(5); changes > 0; changes--) {
    const at = dice.below(bytes.length + 1);
    const length = Math.min(1 + dice.below(dice.pick([2, 8, 64])), bytes.length - at);
    const kind = dice.below(8);
    if (kind === 0 && at < bytes.length) bytes[at]! ^= 1 << dice.below(8);
    else if (kind === 1 && at < bytes.length) bytes[at] = dice.below(256);
    else if (kind === 2) {
      const number = Buffer.alloc(8);
      const size = dice.pick([1, 2, 4, 8]);
      const edge = BigInt(dice.pick(edges));
      if (dice.below(2) === 0) number.writeBigUInt64LE(edge);
      else number.writeBigUInt64BE(BigInt.asUintN(64, edge << BigInt(64 - 8 * size)));
      number.copy(bytes, at, 0, size);
    } else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    else if (kind === 4)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
    else if (kind === 5) bytes = bytes.subarray(0, at);
    else if (kind === 6) {
      const from = dice.below(other.length + 1);
      const piece = other.subarray(from, from + 1 + dice.below(64));
      bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    } else bytes.copyWithin(dice.below(bytes.length + 1), at, at + length);
  }
  return bytes.subarray(0, longest);
}
