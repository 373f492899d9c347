import type { Report } from "../evaluation/evaluate.js";
import type { Thumbnail } from "./thumbnail.js";

/** A value of the scores with a meaning, such as a threshold. */
export interface MarkedScore {
  name: string;
  value: number;
}

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
  /** Scores that the histogram marks. */
  thresholds?: readonly MarkedScore[];
  /** The images that are shown, by their numbers. */
  pictures: ReadonlyMap<number, Thumbnail>;
}
