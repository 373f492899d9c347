import type { AnomalyMap } from "../../lib/image/anomaly-map.js";
import { Random } from "../../lib/random.js";

/**
 * What a map is like: "smooth" has noise smoothed by a Gaussian with the default sigma of the maps, and three spots, as the
 * map of a defective part does; "noise" has an independent value per pixel, half of which are at or above the outline:
 * the largest number of edges that a map can be expected to have, and far more than a smoothed one.
 */
export type MapKind = "smooth" | "noise";

/** A map to measure: its kind, and its height and width. */
export interface MapCase {
  kind: MapKind;
  side: number;
}

export const cases: readonly MapCase[] = [256, 512, 1024].flatMap((side) => [
  { kind: "smooth", side },
  { kind: "noise", side },
]);

const sigma = 4;

/** The map of a case, and the thresholds to find its regions with. */
export function makeMap({ kind, side }: MapCase): { map: AnomalyMap; seed: number; outline: number } {
  const random = new Random("regions", kind, side);
  const noise = Float32Array.from({ length: side * side }, () => random.between(0, 1));
  if (kind === "noise") return { map: { data: noise, height: side, width: side }, seed: 0.9, outline: 0.5 };
  const background = smoothed(smoothed(noise, side), side);
  const spots = [1, 2, 3].map((spot) => ({
    x: random.between(0.2, 0.8) * side,
    y: random.between(0.2, 0.8) * side,
    reach: (spot * side) / 40,
  }));
  const data = background.map((value, i) => {
    const [y, x] = [Math.floor(i / side), i % side];
    const peaks = spots.map((spot) =>
      Math.exp(-((x - spot.x) ** 2 + (y - spot.y) ** 2) / (2 * spot.reach ** 2)),
    );
    return value / 5 + Math.max(...peaks);
  });
  return { map: { data, height: side, width: side }, seed: 0.5, outline: 0.2 };
}

/** Smooths along the columns and transposes, so that a second call smooths along the rows. */
function smoothed(values: Float32Array, side: number): Float32Array {
  const reach = 4 * sigma;
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float32Array.from(values, (_, i) => {
    const [x, y] = [Math.floor(i / side), i % side];
    const at = (row: number) => values[Math.min(side - 1, Math.max(0, row)) * side + x]!;
    return weights.reduce((sum, weight, j) => sum + weight * at(y + j - reach), 0) / total;
  });
}
