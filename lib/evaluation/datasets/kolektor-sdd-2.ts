import { withNotes, type DatasetFormat } from "./format.js";
import { goodToTrain, labelByMasks } from "./labelled-by-masks.js";
import { separateMasks } from "./masks.js";
import { imagesBelow } from "./tree.js";

/**
 * KolektorSDD2 (Božič et al. 2021):
 *
 *     train/10000.png
 *     train/10000_GT.png                          the mask, of good images too: then it marks nothing
 *     test/20000.png
 *     test/20000_GT.png
 *
 * The defective images in `train` are not trained on.
 */
export const kolektorSdd2: DatasetFormat = {
  name: "kolektor-sdd2",
  title: "KolektorSDD2",
  layout: "train/<name>.png, train/<name>_GT.png, test/<name>.png, test/<name>_GT.png",
  fits: (tree) =>
    ["train", "test"].some(
      (part) =>
        separateMasks(imagesBelow(tree, part).filter(({ folders }) => folders.length === 0)).masks.length > 0,
    ),
  open: async (tree, options) => {
    const trained = await labelByMasks(imagesBelow(tree, "train"));
    const { notes, ...good } = goodToTrain(trained);
    if (options.training) {
      const others = imagesBelow(tree, "test").map(({ path }) => path);
      return withNotes(
        { ...good, passedOver: [...good.passedOver, ...others], test: [], unusedMasks: [] },
        notes,
      );
    }
    const test = await labelByMasks(imagesBelow(tree, "test"));
    return withNotes({ ...good, test, unusedMasks: [] }, notes);
  },
};
