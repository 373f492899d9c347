import { ReverseDistillationError } from "../errors/error.js";
import { publishedWeights } from "../teacher/published/catalogue.js";
import { weightsStatus } from "../teacher/published/obtain.js";
import { findTeacherWeights, type TeacherWeightsOptions } from "../teacher/weights.js";
import type { ModelFile } from "./file.js";

/**
 * Finds the weights of a teacher that a model file only refers to: the given file, or else torchvision's weights if
 * they are in this package's cache. Returns undefined if the model file includes its teacher.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if weights are given for a file that includes its teacher,
 * `NOT_FOUND` if no weights are given or cached, `DOWNLOAD_FAILED`, `ABORTED`, `IO`.
 */
export async function findReferredTeacher(
  { path, metadata }: ModelFile,
  { weights, signal, onProgress }: Omit<TeacherWeightsOptions, "backbone">,
): Promise<string | undefined> {
  const { backbone } = metadata.model;
  if (metadata.teacherIncluded) {
    if (weights === undefined) return undefined;
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${path} includes its teacher, so it does not need weights. Leave the option weights out.`,
    );
  }
  if (weights !== undefined) return findTeacherWeights({ weights, backbone, signal, onProgress });
  const cached = await weightsStatus(publishedWeights(backbone), process.env, signal);
  if (cached.state === "present") return cached.path;
  const { teacherWeights } = metadata.training ?? {};
  const origin = teacherWeights ? `from ${teacherWeights}` : `for ${backbone}`;
  throw new ReverseDistillationError(
    "NOT_FOUND",
    `${path} was saved without its teacher. It needs the weights ${origin} (SHA-256 ${metadata.hashes!.teacher} as ` +
      'defined in docs/model-format.md): set the option weights (--weights) to their file, or to "imagenet" for ' +
      "torchvision's weights.",
  );
}
