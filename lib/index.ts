export { train } from "./train.js";
export { trainDefaults } from "./train-options.js";
export type {
  DownloadingProgress,
  EpochProgress,
  ReadingProgress,
  TrainOptions,
  TrainProgress,
} from "./train-options.js";
export { Detector } from "./detector.js";
export type {
  AnomalyMap,
  LoadOptions,
  SaveCheckpointOptions,
  SaveOptions,
  Score,
  ScoreBatchOptions,
  ScoreOptions,
} from "./detector.js";
export { datasetFromLists, normalLabel, openDataset, splitNormal } from "./dataset.js";
export type { Dataset, SplitOptions, TestImage } from "./dataset.js";
export type { EvaluatedGroup, EvaluateOptions, Report } from "./evaluate.js";
export { formatReport } from "./report.js";
export * from "./metrics/index.js";
export type { CheckpointOptions } from "./checkpoint-options.js";
export { findOrDownloadWeights, obtainImagenetWeights } from "./pretrained/weights.js";
export type { ObtainOptions } from "./pretrained/weights.js";
export type { ByteProgress } from "./pretrained/transfer.js";
export type { ModelDescription, TrainingDescription, TrainingRun } from "./model-description.js";
export type { ExportInput, ExportOptions } from "./onnx/export-options.js";
export type { StoragePrecision } from "./storage-precision.js";
export type { ImageInput } from "./image.js";
export type { ImageSource } from "./image-source.js";
export type { Layer } from "./model-options.js";
export type { BatchingOptions } from "./batching.js";
export type { Device, Place } from "./device.js";
export type { Epochs } from "./epochs.js";
export type { ScoringPrecision, TrainingPrecision } from "./precision.js";
export type { Backbone, Combine, Layout, Loss, Normalisation, Precision, RawImage } from "./native/addon.js";
export { configureNative } from "./native/settings.js";
export type { NativeOptions } from "./native/settings.js";
export type { Backend } from "./native/libtorch-inspect.js";
export { errorCodes, ReverseDistillationError } from "./errors.js";
export type { ErrorCode } from "./errors.js";
