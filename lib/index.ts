export { train } from "./detector/train.js";
export { trainDefaults } from "./options/train.js";
export type { TrainDefaults, TrainOptions } from "./options/train.js";
export { Detector } from "./detector/detector.js";
export type { CalibratedThreshold, Calibration } from "./calibration/calibration.js";
export type { Outlier } from "./calibration/outliers.js";
export type { GivenThresholds, Thresholds, Verdict } from "./calibration/thresholds.js";
export { Watch, type Drift, type LineState, type WatchedPart } from "./calibration/watch.js";
export type { ImageStatistics } from "./calibration/image-statistics.js";
export type { Direction } from "./calibration/change-detector.js";
export type { WatchedStatistic, WatchOptions } from "./options/watch.js";
export type { CalibrateOptions } from "./options/calibrate.js";
export type { QuantiseOptions } from "./options/quantise.js";
export type { WarmUpOptions } from "./options/warm-up.js";
export type { CalibrationOptions, HeldOutOptions } from "./options/calibration.js";
export type { RegionsFound, Score } from "./detector/scorer.js";
export { datasetFromLists, normalLabel, openDataset, splitNormal } from "./evaluation/dataset.js";
export type { Dataset, OpenDatasetOptions, SplitOptions, TestImage } from "./evaluation/dataset.js";
export { datasetFormats } from "./options/dataset-format.js";
export type { DatasetFormatName } from "./options/dataset-format.js";
export type { AtThreshold, AtThresholds, ObservedRate } from "./evaluation/at-thresholds.js";
export type {
  EvaluatedGroup,
  EvaluatedImage,
  EvaluateOptions,
  ImageScore,
  Report,
} from "./evaluation/evaluate.js";
export { formatReport } from "./evaluation/report.js";
export * from "./evaluation/metrics/index.js";
export type { CheckpointingOptions } from "./options/checkpointing.js";
export type { CheckpointOptions } from "./options/checkpoint.js";
export { findOrDownloadWeights, obtainImagenetWeights } from "./teacher/published/obtain.js";
export type { ObtainOptions } from "./teacher/published/obtain.js";
export type { ByteProgress } from "./teacher/published/transfer.js";
export type { TrainingDescription, TrainingRun } from "./model-file/description.js";
export type { ExportInput, ExportOptions } from "./options/export.js";
export type { ImageInput } from "./image/decode.js";
export type { ImageSource } from "./image/source.js";
export { listImages, type ListImagesOptions } from "./image/folder.js";
export type { Levels, LevelRange } from "./options/levels.js";
export type {
  InterestMask,
  InterestPolygons,
  RegionOfInterest,
  SharePoint,
  SharePolygon,
} from "./options/roi.js";
export type { StoredTiles, Tiles } from "./options/tiles.js";
export type {
  Layer,
  ModelDescription,
  Backbone,
  Combine,
  Fit,
  Layout,
  Normalisation,
} from "./options/model.js";
export type { BatchingOptions } from "./options/batching.js";
export type { LoadOptions } from "./options/load.js";
export type { SaveOptions, StoragePrecision, SaveCheckpointOptions } from "./options/save.js";
export type { RegionsAsked, ScoreBatchOptions, ScoreOptions } from "./options/score.js";
export type { Loss, Epochs, LearningRateSchedule, WeightAverage } from "./options/training.js";
export type { Device } from "./options/computing.js";
export type { ScoringPrecision, TrainingPrecision, Precision } from "./options/precision.js";
export type {
  CalibratingProgress,
  CheckpointProgress,
  DownloadingProgress,
  EpochProgress,
  ReadingProgress,
  TrainProgress,
} from "./options/progress.js";
export type { AnomalyMap, MapPart } from "./image/anomaly-map.js";
export { drawHeatmap } from "./image/draw-heatmap.js";
export type { DrawHeatmapOptions, Outlines } from "./options/heatmap.js";
export { findRegions } from "./regions/find-regions.js";
export type { Point, Region, Ring } from "./image/region.js";
export { resizeMap } from "./regions/resize-map.js";
export type { FindRegionsOptions, RegionLimits, ResizeMapOptions } from "./options/regions.js";
export type { Place } from "./detector/place.js";
export type { RawImage } from "./image/raw-image.js";
export { configureNative } from "./native/settings.js";
export type { NativeOptions } from "./native/settings.js";
export type { Backend } from "./native/libtorch/inspect.js";
export { errorCodes, ReverseDistillationError } from "./errors/error.js";
export type { ErrorCode } from "./errors/error.js";
