import type { Work } from "../../errors/long-work.js";
import { aupimoInOrder, defaultFprBounds } from "./aupimo.js";
import type { Metric, Reported } from "./metric.js";
import { proInOrder, type PixelGroup, type Pro } from "./pro.js";

/** The pixels of all images, from the largest score down, with their groups. */
export interface OrderedPixels {
  scores: Float32Array;
  /** The group of each pixel. */
  groupOf: Uint32Array;
  groups: readonly PixelGroup[];
  /** Number of images. */
  images: number;
  /** The largest false-positive rate that counts. */
  maxFpr: number;
}

interface RegionMetric<Value> extends Reported<Value> {
  compute(pixels: OrderedPixels): Work<Value>;
}

/**
 * All metrics of pixels that depend on anomalous regions or on single images. Each one declared here appears under its key
 * in reports and their JSON, and under its titles in the table.
 */
export const regionMetrics = {
  /** The per-region overlap, in both averages. */
  pro: declared<Pro>({
    columns: [
      { title: "PRO", number: ({ dataset }) => dataset },
      { title: "PRO by image", number: ({ imageMean }) => imageMean },
    ],
    note: "PRO: up to a false-positive rate of 0.3, with equal weight for each region; by image: the mean of one value per image.",
    compute: ({ scores, groupOf, groups, images, maxFpr }) =>
      proInOrder(scores, groupOf, groups, images, maxFpr),
  }),
  /** The area under the per-image overlap at very low false-positive rates, averaged over images. */
  aupimo: declared<Metric>({
    columns: [{ title: "AUPIMO", number: (value) => value }],
    note: "AUPIMO: the share of an image's defect that is found at a false-positive rate of 0.00001 to 0.0001 on good images; mean over images.",
    *compute(pixels) {
      return (yield* aupimoInOrder(pixels, defaultFprBounds)).mean;
    },
  }),
};

/** Infers the type of a metric's value. */
function declared<Value>(metric: RegionMetric<Value>): RegionMetric<Value> {
  return metric;
}

type Values<Metrics> = {
  [Key in keyof Metrics]: Metrics[Key] extends RegionMetric<infer Value> ? Value : never;
};

/** The metrics of anomalous regions. */
export interface RegionMetrics extends Values<typeof regionMetrics> {}
