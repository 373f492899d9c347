import type { Detector } from "../detector/detector.js";
import { storedInterest } from "../options/roi.js";
import { version } from "../version.js";

/** What a page says of the detector, and of when and by what it was written. */
export function modelFacts(path: string, { config }: Detector): [name: string, value: string][] {
  const [height, width] = config.imageSize;
  return [
    ["model", path],
    ["network", `${config.backbone} at ${height} x ${width}, ${config.precision} on ${config.device}`],
    ...(config.roi ? [["region of interest", storedInterest.format(config.roi)] as [string, string]] : []),
    [
      "written",
      `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, reverse-distillation ${version}`,
    ],
  ];
}
