import { basename, dirname } from "node:path";
import { ReverseDistillationError } from "../../errors/error.js";
import { Turn } from "../../errors/long-work.js";
import { isMaskFolder } from "../../image/names.js";
import type { TestImage } from "./dataset.js";
import type { DatasetFormat } from "./format.js";
import { labelledTest, onlyTraining, trainingImages, withNotes } from "./format.js";
import { separateMasks } from "./masks.js";
import { imagesBelow, topFolders, type Tree, type TreeImage } from "./tree.js";

const layout =
  "train/good/*.png, test/good/*.png, test/<defect>/*.png and, for the defects' masks, " +
  "ground_truth/<defect>/<name>_mask.png";

/**
 * The layout of MVTec AD (Bergmann et al. 2019), for one of its categories:
 *
 *     train/good/<name>.png                       or train/<name>.png
 *     validation/good/<name>.png                  or val, valid; may be missing
 *     test/good/<name>.png
 *     test/<defect>/<name>.png
 *     ground_truth/<defect>/<name>_mask.png       or <name>.png, <name>_gt.png; may be missing, for some or for all
 *
 * Either of `train` and `test` may be missing. The folder of masks may also be called `masks`, and masks may lie beside
 * the test images. `good` may be called otherwise ("OK", "Normal"), in `train` and in `test`. Names of folders may be
 * written in any case. Images may lie deeper, in `test` and in `ground_truth` alike.
 */
export const mvtecAd: DatasetFormat = {
  name: "mvtec-ad",
  title: "MVTec AD",
  layout,
  fits: (tree) => imagesBelow(tree, "train").length + imagesBelow(tree, "test").length > 0,
  open: async (tree, options) => {
    const turn = new Turn();
    const training = trainingImages(tree, separateMasks(imagesBelow(tree, "train")).images, options);
    if (options.training) return onlyTraining(tree, training);
    const { notes, ...trained } = training;
    await turn.endIfLong();
    const { images, masks } = separateMasks(imagesBelow(tree, "test"));
    await turn.endIfLong();
    return withNotes(
      {
        ...trained,
        ...validationOf(tree),
        ...labelledTest(images, [...maskFiles(tree), ...masks], withoutLabel),
      },
      notes,
    );
  },
};

/** The validation part, if there is one: images in a folder for each label. */
export function validationOf(tree: Tree): { validation?: TestImage[] } {
  const images = ["validation", "val", "valid"].flatMap((folder) => imagesBelow(tree, folder));
  if (images.length === 0) return {};
  const { test: validation } = labelledTest(images, [], withoutLabel);
  return { validation };
}

/** The masks in folders of masks directly below the root, by their place below that folder. */
export function maskFiles(tree: Tree): TreeImage[] {
  return topFolders(tree)
    .filter(isMaskFolder)
    .flatMap((folder) => imagesBelow(tree, folder));
}

/** An image to test on that lies in no label's folder. */
export function withoutLabel({ path }: TreeImage): ReverseDistillationError {
  const part = basename(dirname(path));
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${path} lies in the folder ${part} itself, where nothing says what it shows. Expected: ${layout}.`,
  );
}
