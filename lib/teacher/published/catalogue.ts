import type { Backbone } from "../../options/model.js";

/** A file of weights as it is published. */
export interface PublishedWeights {
  backbone: Backbone;
  /** Name of the file, which ends in the first digits of its SHA-256. */
  file: string;
  /** About its size, in MiB. */
  mebibytes: number;
}

/** Where torchvision publishes its weights. */
const publishedAt = "https://download.pytorch.org/models/";

/**
 * The ImageNet-1k weights that torchvision publishes as `IMAGENET1K_V1`, the only ones when the method
 * was published; the later `V2` were trained by another recipe, and their features differ.
 */
export const publishedWeights: Readonly<Record<Backbone, PublishedWeights>> = {
  resnet18: { backbone: "resnet18", file: "resnet18-f37072fd.pth", mebibytes: 44.7 },
  resnet34: { backbone: "resnet34", file: "resnet34-b627a593.pth", mebibytes: 83.3 },
  resnet50: { backbone: "resnet50", file: "resnet50-0676ba61.pth", mebibytes: 97.8 },
  wide_resnet50_2: { backbone: "wide_resnet50_2", file: "wide_resnet50_2-95faca4d.pth", mebibytes: 131.8 },
};

/** The first digits of a published file's SHA-256, in hexadecimal, from its name. */
export function checksumPrefix({ file }: PublishedWeights): string {
  return /-([0-9a-f]{8,})\.[^.]+$/.exec(file)![1]!;
}

/** The address of a published file, below the published place or one that is given instead. */
export function weightsUrl({ file }: PublishedWeights, base: string = publishedAt): URL {
  return new URL(file, base.endsWith("/") ? base : `${base}/`);
}
