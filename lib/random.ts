/**
 * A seeded random number generator: the same seed gives the same numbers on every machine. The algorithm is sfc32
 * (Chris Doty-Humphrey's Small Fast Counting generator, public domain), seeded with FNV-1a. Not for cryptography.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed Any words and numbers. Each list gives an independent stream. */
  constructor(...seed: (string | number)[]) {
    const text = seed.join("\u0000");
    this.#a = fnv1a(text, 0x811c9dc5);
    this.#b = fnv1a(text, this.#a);
    this.#c = fnv1a(text, this.#b);
    for (let round = 0; round < 12; round++) this.bits();
  }

  /** 32 random bits as an unsigned integer. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * (this.bits() / 2 ** 32);
  }

  /** A uniform integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.between(0, count));
  }

  /** One of the items, all equally likely. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** -1 or 1. */
  sign(): number {
    return this.bits() & 1 ? 1 : -1;
  }

  /** Approximately normal with mean 0 and standard deviation 1: the sum of four uniform numbers, within ±3.5. */
  normal(): number {
    return (
      (this.between(-1, 1) + this.between(-1, 1) + this.between(-1, 1) + this.between(-1, 1)) *
      Math.sqrt(0.75)
    );
  }

  /** The items in random order, in a new array (Fisher-Yates shuffle). */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [result[last], result[other]] = [result[other]!, result[last]!];
    }
    return result;
  }
}

function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
