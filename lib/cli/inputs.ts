import type { NamedFile } from "../files/outputs.js";
import { backbones } from "../options/backbones.js";
import { publishedWeightsName } from "../options/weights.js";
import { publishedWeights } from "../teacher/published/catalogue.js";
import { weightsPath } from "../teacher/published/obtain.js";

/**
 * The files of a teacher's weights that a command may read: the one that it is given, and those in the cache. No output
 * may overwrite them.
 */
export function weightsInputs(weights: string | URL | undefined): NamedFile[] {
  const cached = backbones.map((backbone) => weightsPath(publishedWeights(backbone)));
  const given = weights === undefined || weights === publishedWeightsName ? [] : [String(weights)];
  return [...given, ...cached].map((path) => ({ name: "the weights", path }));
}

/** The file of a region of interest that a command may read. */
export function interestInputs(roi: string | URL | object | undefined): NamedFile[] {
  if (typeof roi !== "string" && !(roi instanceof URL)) return [];
  return [{ name: "the region of interest", path: String(roi) }];
}

/** The model file that a training continues from. */
export function earlierInputs(warmStart: string | URL | undefined): NamedFile[] {
  return warmStart === undefined ? [] : [{ name: "the earlier model", path: String(warmStart) }];
}
