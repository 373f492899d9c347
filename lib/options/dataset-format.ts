import { choice, path } from "./kind.js";
import { optional } from "./option.js";

/** Layouts of data sets on disk, by the names that the option `format` takes. A manifest is a file, the others are folders. */
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

/** Which images of a folder are good parts, if the folder itself does not say it. */
export const goodOptions = {
  /**
   * The folder of good parts, if images are a folder that does not say which of its images are good: a path relative to
   * that folder or to its folder `train`; "." for all images.
   * @defaultValue by the names of folders and files
   */
  good: optional(path, {
    defaultText: "by the names of folders and files",
    help: "the folder of good parts, relative to the given one",
    placeholder: "<folder>",
  }),
};

/** How a folder is laid out. */
export const formatOptions = {
  /**
   * The layout of the data set, if images are a folder that holds one.
   * @defaultValue detected
   */
  format: optional(choice(datasetFormats), { defaultText: "detected", help: "the layout of the data set" }),
};
