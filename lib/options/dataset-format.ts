import { choice, path } from "./kind.js";
import { optional } from "./option.js";

/** The values of the option `format`: layouts of data sets on disk. A manifest is a file; the others are folders. */
export const datasetFormats = [
  "mvtec-ad",
  "mvtec-loco",
  "mvtec-ad-2",
  "mvtec-3d",
  "btad",
  "mpdd",
  "visa",
  "kolektor-sdd",
  "kolektor-sdd2",
  "dagm",
  "class-folders",
  "masked",
  "manifest",
] as const;

/** One of {@link datasetFormats}. */
export type DatasetFormatName = (typeof datasetFormats)[number];

/** Which images in a folder show good parts. */
export const goodOptions = {
  /**
   * The subfolder of good parts, if `images` is a folder whose names do not say which images are good: a path
   * relative to that folder or to its subfolder `train`, or "." for all images.
   * @defaultValue found by the names of folders and files
   */
  good: optional(path, {
    defaultText: "found by the names of folders and files",
    help: "the subfolder of good parts",
    placeholder: "<folder>",
  }),
};

/** The layout of a folder. */
export const formatOptions = {
  /**
   * The layout of the data set, if it is not detected correctly.
   * @defaultValue detected
   */
  format: optional(choice(datasetFormats), { defaultText: "detected", help: "the layout of the data set" }),
};
