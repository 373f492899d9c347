import { backboneTable, type Backbone } from "../../lib/options/backbones.js";
import type { EpochReport } from "../../lib/options/progress.js";

/** Where the teacher's features are kept during a training. */
export type Storage = EpochReport["features"];

/**
 * Size of the teacher's features of one square image in float32, in bytes: three maps with 64, 128 and 256 channels
 * (four times as many with bottleneck blocks) and one value every 4, 8 and 16 pixels.
 */
export function featureBytes(backbone: Backbone, imageSize: number): number {
  const expansion = backboneTable[backbone].block === "bottleneck" ? 4 : 1;
  const values = [1, 2, 3].map((k) => 32 * 2 ** k * expansion * (imageSize / 2 ** (k + 1)) ** 2);
  return 4 * values.reduce((sum, count) => sum + count, 0);
}
