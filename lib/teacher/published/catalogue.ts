import { backboneTable, type Backbone } from "../../options/backbones.js";

/** A backbone's published weights file. */
export interface PublishedWeights {
  backbone: Backbone;
  /** The file's name, which ends with the first digits of its SHA-256. */
  file: string;
  /** The file's approximate size in MiB. */
  mebibytes: number;
}

/** Where torchvision publishes its weights. */
const publishedAt = "https://download.pytorch.org/models/";

/**
 * The ImageNet-1k weights that torchvision publishes for a backbone as `IMAGENET1K_V1`. They were the only ones when
 * the paper appeared; the later `V2` weights come from a different recipe and give other features.
 */
export function publishedWeights(backbone: Backbone): PublishedWeights {
  return { backbone, ...backboneTable[backbone].published };
}

/** The first digits of a published file's SHA-256, in hexadecimal, from its name. */
export function checksumPrefix({ file }: PublishedWeights): string {
  return /-([0-9a-f]{8,})\.[^.]+$/.exec(file)![1]!;
}

/** The address of a published file, below the published place or one that is given instead. */
export function weightsUrl({ file }: PublishedWeights, base: string = publishedAt): URL {
  return new URL(file, base.endsWith("/") ? base : `${base}/`);
}
