import { oneOf } from "../../errors/validate.js";
import { backbones, backboneTable, type Backbone, type PublishedFile } from "../../options/backbones.js";

/** A backbone's published weights file. */
export interface PublishedWeights extends PublishedFile {
  backbone: Backbone;
}

/** The address at which torchvision publishes its weights. */
const publishedAt = "https://download.pytorch.org/models/";

/**
 * The ImageNet-1k weights that torchvision publishes for a backbone as `IMAGENET1K_V1`. They were the only ones when
 * the paper appeared; the later `V2` weights were trained differently, and their features differ.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function publishedWeights(backbone: Backbone): PublishedWeights {
  oneOf("backbone", backbone, backbones);
  return { backbone, ...backboneTable[backbone].published };
}

/** The first hexadecimal digits of a published file's SHA-256, which are part of its name. */
export function checksumPrefix({ file }: PublishedWeights): string {
  return /-([0-9a-f]{8,})\.[^.]+$/.exec(file)![1]!;
}

/** The URL of a published file, at torchvision's address or at another base. */
export function weightsUrl({ file }: PublishedWeights, base: string = publishedAt): URL {
  return new URL(file, base.endsWith("/") ? base : `${base}/`);
}
