import { verdictOf } from "../../image/names.js";

/** The label of a part without a defect. */
export const normalLabel = "good";

/** The label that a name stands for: {@link normalLabel} for all names that call a part good ("OK", "Normal"). */
export function labelOf(name: string): string {
  return verdictOf(name) === "good" ? normalLabel : name;
}

/** An image to test on. */
export interface TestImage {
  /** Path of the image. */
  image: string;
  /** {@link normalLabel}, or the kind of defect. */
  label: string;
  /**
   * Path of the mask of the defect; several paths if several masks together mark it; undefined if there is none.
   * `readMask` says which pixels of a mask are marked. A good image may have a mask, which should mark nothing.
   */
  mask?: string | string[];
  /** Images of one group show the same part, or were taken together; undefined if the data set does not say. */
  group?: string;
}

/** A data set for one-class anomaly detection: images of normal parts to train on, and images of both to test on. */
export interface Dataset {
  /** Paths of images of normal parts. */
  train: string[];
  /** Images to choose options or a threshold with; absent if the data set sets none aside. */
  validation?: TestImage[];
  test: TestImage[];
  /** Masks that belong to no image, so that a mask with a mistaken name is noticed. */
  unusedMasks: string[];
  /** Files that list its images, such as a manifest. Absent if there are none. */
  lists?: string[];
  /** What a reader of results has to know: what was left out, or how the data set was split. Absent if nothing. */
  notes?: string[];
}

/** Every file that a data set was read from, or is read from when it is used. */
export function filesOf({ train, validation = [], test, unusedMasks, lists = [] }: Dataset): string[] {
  const items = [...validation, ...test].flatMap(({ image, mask = [] }) => [image, mask].flat());
  return [...train, ...items, ...unusedMasks, ...lists];
}
