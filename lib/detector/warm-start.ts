import { basename } from "node:path";
import { ReverseDistillationError } from "../errors/error.js";
import { printable } from "../files/system-path.js";
import { ModelFile } from "../model-file/file.js";
import { findReferredTeacher } from "../model-file/referred-teacher.js";
import type { NativeModel } from "../native/addon.js";
import { modelOptions, type ModelDescription } from "../options/model.js";
import type { ResolvedTrainOptions } from "../options/train.js";
import { optionDifferences } from "./resume.js";

/** The options that determine the weights' shapes and what they mean. */
const { backbone, layout, layers, imageSize, normalisation } = modelOptions;
const shaping = { backbone, layout, layers, imageSize, normalisation };

/** What a training takes from an earlier model, besides its weights. */
export interface EarlierModel {
  /** The name of the teacher's weights file; null if the teacher is random. */
  teacherWeights: string | null;
  /** Short digests of the images that it was trained on; undefined if they are not known. */
  trained: readonly string[] | undefined;
}

/**
 * Loads the weights of an earlier model, its teacher included, into a model that is to be trained.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the options that differ, or if weights are given for a file
 * that includes its teacher; `NOT_FOUND`, `INVALID_FILE`, `DOWNLOAD_FAILED`, `IO`, `ABORTED`
 */
export async function startFrom(
  path: string,
  native: NativeModel,
  model: Omit<ModelDescription, "levels">,
  { weights, signal, onProgress }: Pick<ResolvedTrainOptions, "weights" | "signal" | "onProgress">,
): Promise<EarlierModel> {
  const file = await ModelFile.open(path, signal);
  try {
    const { model: earlier, training, trained } = file.metadata;
    const differences = optionDifferences(shaping, earlier, model);
    if (differences.length > 0) {
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `A training cannot start from ${printable(path)}: ${differences.join("; ")}. Set the same options as there, or ` +
          "leave warmStart (--warm-start) out.",
      );
    }
    const teacher = await findReferredTeacher(file, { weights, signal, onProgress });
    if (teacher !== undefined) await file.takeTeacherFrom(teacher, signal);
    await file.readInto(native);
    const teacherWeights = teacher === undefined ? (training?.teacherWeights ?? null) : basename(teacher);
    return { teacherWeights, trained };
  } finally {
    await file.close();
  }
}
