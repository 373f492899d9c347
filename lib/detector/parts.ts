import type { StoredCalibration } from "../calibration/calibration.js";
import type { Thresholds } from "../calibration/thresholds.js";
import type { NamedFile } from "../files/outputs.js";
import type { TrainingDescription } from "../model-file/description.js";
import type { Addon, NativeModel } from "../native/addon.js";
import { fromNative } from "../native/native-error.js";
import type { ResolvedBatching } from "../options/batching.js";
import type { ModelDescription } from "../options/model.js";
import type { Quantisation } from "../model-file/quantisation.js";
import type { Place } from "./place.js";

/** What a detector is made from; it then owns the native model. */
export interface DetectorParts {
  addon: Addon;
  native: NativeModel;
  model: ModelDescription;
  /** null if the detector came from a checkpoint, which does not record its training. */
  training: TrainingDescription | null;
  /** The scores of good images and the rates that thresholds were calibrated for. */
  calibration?: StoredCalibration | undefined;
  /** Thresholds that were set by hand. */
  thresholds?: Thresholds | undefined;
  /** What scoring in 8 bits needs, if the detector was quantised. */
  quantisation?: Quantisation | undefined;
  /** Short digests of the images that the detector was trained on, if they are known. */
  trained?: readonly string[] | undefined;
  /** 0 lets LibTorch choose. */
  threads: number;
  batching: ResolvedBatching;
  /** Files that the detector was made from. They must not be overwritten. */
  inputs: readonly NamedFile[];
  /** The model file that the detector was loaded from. `save` may replace it; other outputs must not. */
  modelFile?: NamedFile;
}

/**
 * Makes the native model that a description stands for. Its weights are random until others are loaded.
 *
 * @param quantisation For the precision "int8".
 */
export async function createModel(
  addon: Addon,
  { imageSize: [height, width], layers, ...rest }: Omit<ModelDescription, "roi">,
  place: Place,
  seed: number,
  quantisation?: Quantisation,
): Promise<NativeModel> {
  try {
    const activationRanges = place.precision === "int8" ? quantisation?.ranges : undefined;
    return await addon.Model.create({
      ...{ ...rest, layers: [...layers], height, width, ...place, seed },
      ...(activationRanges && { activationRanges }),
    });
  } catch (error) {
    throw fromNative(error);
  }
}
