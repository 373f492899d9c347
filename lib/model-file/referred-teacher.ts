import { ReverseDistillationError } from "../errors/error.js";
import { publishedWeights } from "../teacher/published/catalogue.js";
import { weightsStatus } from "../teacher/published/obtain.js";
import { findTeacherWeights, type TeacherWeightsOptions } from "../teacher/weights.js";
import type { ModelFile } from "./file.js";

/**
 * The file with the weights of a teacher that a model file only refers to: the one that is given, or torchvision's
 * where it is in this package's cache. undefined where the teacher is in the model file.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for weights that are not asked for, `NOT_FOUND` for those that are
 * and are not at hand, `DOWNLOAD_FAILED`, `ABORTED`, `IO`.
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
      `weights must not be given for ${path}: its teacher is in the file.`,
    );
  }
  if (weights !== undefined) return findTeacherWeights({ weights, backbone, signal, onProgress });
  const cached = await weightsStatus(publishedWeights(backbone), process.env, signal);
  if (cached.state === "present") return cached.path;
  const { teacherWeights } = metadata.training ?? {};
  const origin = teacherWeights ? `came from ${teacherWeights}` : `are those of a ${backbone}`;
  throw new ReverseDistillationError(
    "NOT_FOUND",
    `${path} was saved without its teacher, whose weights ${origin} (SHA-256 ${metadata.hashes!.teacher} by ` +
      'docs/model-format.md): give them as the option weights (--weights), a file or "imagenet" for torchvision\'s.',
  );
}
