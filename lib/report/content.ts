import type { Calibration } from "../calibration/calibration.js";
import type { Thresholds } from "../calibration/thresholds.js";
import type { Report } from "../evaluation/evaluate.js";
import type { Thumbnail } from "./thumbnail.js";

/** An image of a page. */
export interface PageImage {
  /** Its path. */
  image: string;
  score: number;
  /** What it shows, if that is known. */
  label?: string;
}

/** What a page shows. */
export interface PageContent {
  title: string;
  /** What a reader should know of the run: names and values, such as that of the model. */
  facts: readonly (readonly [name: string, value: string])[];
  images: readonly PageImage[];
  /** The result of an evaluation, if the images were labelled. */
  report?: Report;
  /** The thresholds in force, if there are any. */
  thresholds?: Readonly<Thresholds> | null;
  /** What the thresholds come from, if it is known. */
  calibration?: Readonly<Calibration> | null;
  /** The mean loss of each epoch of the training, if it is known. */
  losses?: readonly number[] | undefined;
  /** The images that are shown, by their numbers. */
  pictures: ReadonlyMap<number, Thumbnail>;
}
