export { auroc, averagePrecision, classificationMetrics, f1Max } from "./classification.js";
export type { Labels, Scores } from "./classification.js";
export type { Aupimo, FprBounds } from "./aupimo.js";
export type { Interval } from "./auroc-interval.js";
export type { Metric } from "./metric.js";
export {
  aupimo,
  pixelAuroc,
  pixelAveragePrecision,
  pixelF1Max,
  pixelMetrics,
  PixelScores,
  pro,
} from "./pixels.js";
export type { AupimoOptions, PixelMap, PixelMask, PixelMetrics, ProOptions } from "./pixel-pool.js";
export type { Pro } from "./pro.js";
export type { RegionMetrics } from "./region-metrics.js";
export type { ClassificationMetrics, F1Max } from "./threshold-metrics.js";
