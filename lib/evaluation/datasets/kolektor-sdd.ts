import { unsplitNotes, withNotes, type DatasetFormat } from "./format.js";
import { goodToTrain, labelByMasks } from "./labelled-by-masks.js";
import { separateMasks } from "./masks.js";

/**
 * KolektorSDD (Tabernik et al. 2020):
 *
 *     kos01/Part0.jpg
 *     kos01/Part0_label.bmp                       the mask, of good images too: then it marks nothing
 *
 * It has no split. The group of an image is the folder of its item, `kos01` to `kos50`.
 */
export const kolektorSdd: DatasetFormat = {
  name: "kolektor-sdd",
  title: "KolektorSDD",
  layout: "kos01/Part0.jpg and kos01/Part0_label.bmp",
  fits: ({ images }) => separateMasks(images).masks.some(({ path }) => /_label\.bmp$/i.test(path)),
  open: async ({ images: files }, options) => {
    const images = await labelByMasks(files, ({ folders }) => folders.at(-1));
    const { train, notes } = goodToTrain(images);
    return withNotes(
      { train, test: images, unusedMasks: [] },
      options.training ? notes : unsplitNotes(train.length, options),
    );
  },
};
