import { isAmbiguousMaskName, isMaskFolder } from "../../image/names.js";
import { unsplitNotes, withNotes, type DatasetFormat } from "./format.js";
import { goodToTrain, labelByMasks } from "./labelled-by-masks.js";
import { separateMasks } from "./masks.js";
import type { TreeImage } from "./tree.js";

/**
 * Images with masks, in no more particular layout:
 *
 *     <any folders>/000.png
 *     <any folders>/000_mask.png                  beside the image, or under its name in a folder `masks`
 *
 * Images whose masks mark anything are defective, all others good. There is no split.
 */
export const masked: DatasetFormat = {
  name: "masked",
  title: "images with masks",
  layout: "<name>.png with <name>_mask.png beside it, or images/<name>.png and masks/<name>.png",
  fits: ({ images }) => {
    const separated = separateMasks(images);
    return separated.images.length > 0 && separated.masks.some(isCertain);
  },
  open: async ({ images: files }, options) => {
    const images = await labelByMasks(files);
    const { train, notes } = goodToTrain(images);
    return withNotes(
      { train, test: images, unusedMasks: [] },
      options.training ? notes : unsplitNotes(train.length, options),
    );
  },
};

/** Names such as `bottle_label.png` can also be those of pictures of labels. */
function isCertain({ folders, stem }: TreeImage): boolean {
  return folders.some(isMaskFolder) || !isAmbiguousMaskName(stem);
}
