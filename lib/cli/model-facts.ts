import type { Detector } from "../detector/detector.js";
import { storedInterest } from "../options/roi.js";
import { storedTiles } from "../options/tiles.js";
import { version } from "../version.js";

/** What a page says of the detector, and of when and by what it was written. */
export function modelFacts(path: string, { config }: Detector): [name: string, value: string][] {
  const { imageSize, roi, tiles } = config;
  const [height, width] = imageSize;
  return [
    ["model", path],
    ["network", `${config.backbone} at ${height} x ${width}, ${config.precision} on ${config.device}`],
    ...(roi ? [["region of interest", storedInterest.format(roi)] as [string, string]] : []),
    ...(tiles ? [["tiles", storedTiles.format(tiles)] as [string, string]] : []),
    [
      "written",
      `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, reverse-distillation ${version}`,
    ],
  ];
}
