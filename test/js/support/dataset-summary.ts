import { relative } from "node:path";
import type { Dataset, TestImage } from "../../../lib/evaluation/dataset.js";

/** A data set with paths below a folder, and each image to test on as "image label mask group". */
export function summaryOf(
  folder: string,
  { train, validation, test, unusedMasks, notes }: Dataset,
): Record<string, string[]> {
  const below = (path: string): string => relative(folder, path);
  const listed = ({ image, label, mask = [], group }: TestImage): string =>
    [
      below(image),
      label,
      [mask].flat().map(below).join("+") || "-",
      ...(group === undefined ? [] : [group]),
    ].join(" ");
  return {
    train: train.map(below),
    ...(validation && { validation: validation.map(listed) }),
    test: test.map(listed),
    unusedMasks: unusedMasks.map(below),
    ...(notes && {
      notes: notes.map((note) => note.replaceAll(`${folder}/`, "").replaceAll(folder, "ROOT")),
    }),
  };
}
