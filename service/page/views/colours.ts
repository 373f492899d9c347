/** Places on the package's scale of colours, from dark violet through red to light yellow, as [red, green, blue]. */
const places = [
  [23, 12, 53],
  [64, 18, 86],
  [115, 14, 103],
  [162, 35, 97],
  [202, 67, 82],
  [233, 105, 59],
  [253, 150, 30],
  [251, 200, 95],
  [248, 243, 162],
] as const;

/** The colour of a value as a share of the scale's end. */
export function colourOf(share: number): [red: number, green: number, blue: number] {
  const at = Math.min(1, Math.max(0, share)) * (places.length - 1);
  const below = Math.min(places.length - 2, Math.floor(at));
  const mix = (channel: 0 | 1 | 2) =>
    places[below]![channel] + (at - below) * (places[below + 1]![channel] - places[below]![channel]);
  return [mix(0), mix(1), mix(2)];
}
