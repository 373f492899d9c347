import type { NamedFile } from "../files/outputs.js";
import type { TrainingDescription } from "../model-file/description.js";
import type { Addon, NativeModel } from "../native/addon.js";
import { fromNative } from "../native/native-error.js";
import type { ResolvedBatching } from "../options/batching.js";
import type { ModelDescription } from "../options/model.js";
import type { Place } from "./place.js";

/** What a detector is made from; it then owns the native model. */
export interface DetectorParts {
  addon: Addon;
  native: NativeModel;
  model: ModelDescription;
  /** null if it came from a checkpoint, which does not record it. */
  training: TrainingDescription | null;
  /** 0 leaves it to LibTorch. */
  threads: number;
  batching: ResolvedBatching;
  /** Files that it was made from, which must not be overwritten. */
  inputs: readonly NamedFile[];
  /** The model file that it was loaded from. Saving may replace it; other outputs must not. */
  modelFile?: NamedFile;
}

/** Makes the native model of a description. Its weights are random until they are loaded. */
export async function createModel(
  addon: Addon,
  { imageSize: [height, width], layers, ...rest }: ModelDescription,
  place: Place,
  seed: number,
): Promise<NativeModel> {
  try {
    return await addon.Model.create({ ...rest, layers: [...layers], height, width, ...place, seed });
  } catch (error) {
    throw fromNative(error);
  }
}
