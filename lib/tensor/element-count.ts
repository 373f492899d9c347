/** Number of elements of a shape; Infinity if it is too large for a number. */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, length) => product * length, 1);
}
