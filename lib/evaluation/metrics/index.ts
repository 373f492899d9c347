export { auroc, averagePrecision, classificationMetrics, f1Max } from "./classification.js";
export type { ClassificationMetrics, F1Max, Labels, Metric, Scores } from "./classification.js";
export { pixelAuroc, pixelAveragePrecision, pixelF1Max, pixelMetrics, PixelScores, pro } from "./pixels.js";
export type { PixelMap, PixelMask, PixelMetrics, ProOptions } from "./pixels.js";
export type { Pro } from "./pro.js";
