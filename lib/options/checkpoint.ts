import { abortSignal, callback, path, record, withoutUndefined } from "../errors/validate.js";
import { batching, type BatchingOptions } from "./batching.js";
import { device, type Device } from "./device.js";
import * as model from "./model.js";
import type { ModelDescription, Backbone, Combine, Normalisation } from "./model.js";
import { scoringPrecision, type ScoringPrecision } from "./precision.js";
import type { DownloadingProgress } from "./progress.js";
import { threads, trainDefaults } from "./train.js";

/** What a checkpoint does not say of the detector that it was part of. */
export interface CheckpointOptions {
  /** The teacher's architecture. The authors' is "wide_resnet50_2". */
  backbone: Backbone;
  /** The teacher's weights, as for `train`: "imagenet", or a file. The authors' are torchvision's. */
  weights: "imagenet" | (string & {}) | URL;
  /** As for `train`. Default 256. */
  imageSize?: number | readonly [height: number, width: number];
  /** As for `train`. Default [1, 2, 3]. */
  layers?: readonly model.Layer[];
  /** As for `train`. Default "sum". */
  combine?: Combine;
  /** As for `train`. Default 4. */
  sigma?: number;
  /** As for `train`. Default "imagenet". */
  normalisation?: Normalisation;
  /** "auto", "cpu" or "cuda:N". Default "auto". */
  device?: Device;
  /** Of the networks' arithmetic, as for {@link Detector.load}. Default "float32". */
  precision?: ScoringPrecision;
  /** Threads that compute. Default: LibTorch's choice, the number of cores. */
  threads?: number;
  /** How calls of `score` are batched. */
  batching?: BatchingOptions;
  signal?: AbortSignal;
  /** Called while the teacher's weights are downloaded. What it throws stops that. */
  onProgress?: (progress: DownloadingProgress) => void;
}

/** Options with the defaults filled in, every one checked. */
export interface ResolvedCheckpointOptions {
  model: ModelDescription;
  weights: string;
  device: Device;
  precision: ScoringPrecision;
  /** 0 leaves it to LibTorch. */
  threads: number;
  batching: Required<BatchingOptions>;
  signal: AbortSignal | undefined;
  onProgress: ((progress: DownloadingProgress) => void) | undefined;
}

const names = [
  ...["backbone", "weights", "imageSize", "layers", "combine", "sigma", "normalisation"],
  ...["device", "precision", "threads", "batching", "signal", "onProgress"],
];

/**
 * Checks every option and fills in the defaults.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given.
 */
export function resolveCheckpointOptions(options: CheckpointOptions): ResolvedCheckpointOptions {
  const given = record("options", options, names);
  const { imageSize, layers, combine, sigma, normalisation } = {
    ...trainDefaults,
    ...withoutUndefined(given),
  };
  return {
    model: {
      backbone: model.backbone("backbone", given.backbone),
      layout: "official",
      layers: model.layers("layers", layers),
      combine: model.combine("combine", combine),
      sigma: model.sigma("sigma", sigma),
      imageSize: model.imageSize("imageSize", imageSize),
      normalisation: model.normalisation("normalisation", normalisation),
    },
    weights: path("weights", given.weights),
    device: given.device === undefined ? trainDefaults.device : device("device", given.device),
    precision: given.precision === undefined ? "float32" : scoringPrecision("precision", given.precision),
    threads: given.threads === undefined ? 0 : threads("threads", given.threads),
    batching: batching("batching", given.batching ?? {}),
    signal: given.signal === undefined ? undefined : abortSignal("signal", given.signal),
    onProgress:
      given.onProgress === undefined
        ? undefined
        : (callback("onProgress", given.onProgress) as CheckpointOptions["onProgress"]),
  };
}
