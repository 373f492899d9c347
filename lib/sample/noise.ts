/** Smooth noise over the plane, with values in [-1, 1] and features about one unit wide. */
export type Noise = (x: number, y: number) => number;

/** Value noise: random values at integer points, interpolated smoothly. @param seed 32 bits. */
export function valueNoise(seed: number): Noise {
  return (x, y) => {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const s = smooth(x - column);
    const t = smooth(y - row);
    const top = mix(lattice(seed, column, row), lattice(seed, column + 1, row), s);
    const bottom = mix(lattice(seed, column, row + 1), lattice(seed, column + 1, row + 1), s);
    return mix(top, bottom, t);
  };
}

/** A sum of value noise in octaves, each twice as fine and half as strong as the one before. */
export function fractalNoise(seed: number, octaves: number): Noise {
  const layers = Array.from({ length: octaves }, (_, octave) =>
    valueNoise((seed + Math.imul(octave, 0x9e3779b9)) >>> 0),
  );
  const total = 2 - 2 ** (1 - octaves);
  return (x, y) => {
    let sum = 0;
    for (let octave = 0; octave < octaves; octave++)
      sum += layers[octave]!(x * 2 ** octave, y * 2 ** octave) / 2 ** octave;
    return sum / total;
  };
}

/** The random value in [-1, 1] at an integer point. */
export function lattice(seed: number, column: number, row: number): number {
  let hash = seed ^ Math.imul(column, 0x27d4eb2d) ^ Math.imul(row, 0x165667b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 31 - 1;
}

/** Linear interpolation. */
export function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/** Limits a value to a range. */
export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
