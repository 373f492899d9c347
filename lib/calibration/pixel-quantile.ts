/** Bits of a float32 that are counted apart: the exponent, and enough of the fraction for a relative error of 0.1 %. */
const bits = 18;
const shift = 32 - bits;

/**
 * A quantile of very many values from 0, in constant memory. Values are counted by the upper bits of their float32
 * form, whose order is that of the values.
 */
export class PixelQuantile {
  readonly #counts = new Float64Array(2 ** (bits - 1));
  #total = 0;

  /**
   * Adds the values of a map. Values below 0, which only rounding causes, count as 0.
   *
   * @param mask 0 where values do not count.
   */
  add(map: Float32Array, mask?: Uint8Array): void {
    const counted = mask === undefined ? map : map.filter((_, i) => mask[i] !== 0);
    const patterns = new Uint32Array(counted.buffer, counted.byteOffset, counted.length);
    for (const pattern of patterns) this.#counts[pattern >>> 31 === 1 ? 0 : pattern >>> shift]! += 1;
    this.#total += counted.length;
  }

  /** A value that at least this share of the values is below; the next one that is counted apart. */
  value(share: number): number {
    let below = 0;
    let bin = 0;
    while (bin < this.#counts.length - 1 && (below += this.#counts[bin]!) < share * this.#total) bin++;
    return new Float32Array(Uint32Array.of((bin + 1) << shift).buffer)[0]!;
  }
}
