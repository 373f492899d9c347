import { oneOf } from "../errors/validate.js";

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

export function datasetFormat(name: string, value: unknown): DatasetFormatName {
  return oneOf(name, value, datasetFormats);
}
