import { ReverseDistillationError } from "../../errors/error.js";
import { labelOf, normalLabel } from "./dataset.js";
import { testImage, type DatasetFormat } from "./format.js";
import { imagesBelow, type Tree, type TreeImage } from "./tree.js";

/**
 * The colour images of MVTec 3D-AD (Bergmann et al. 2022), for one of its categories:
 *
 *     train/good/rgb/000.png                      train/good/xyz/000.tiff holds positions: not opened
 *     validation/good/rgb/000.png
 *     test/good/rgb/000.png
 *     test/<defect>/rgb/000.png
 *     test/<defect>/gt/000.png                    the mask, of good images too
 */
export const mvtec3d: DatasetFormat = {
  name: "mvtec-3d",
  title: "MVTec 3D-AD",
  layout: "train/good/rgb/*, validation/good/rgb/*, test/<good or defect>/rgb/*, test/<defect>/gt/*",
  fits: (tree) =>
    ["train", "test"].some((part) =>
      imagesBelow(tree, part).some(({ folders }) => folders[1]?.toLowerCase() === "rgb"),
    ),
  open: (tree) => {
    const validation = rgb(tree, "validation").map(({ path }) => testImage(path, normalLabel));
    const masks = new Map(
      imagesBelow(tree, "test")
        .filter(({ folders }) => folders[1]?.toLowerCase() === "gt")
        .map((mask) => [placeOf(mask), mask.path]),
    );
    const test = rgb(tree, "test").map((image) => {
      const mask = masks.get(placeOf(image));
      masks.delete(placeOf(image));
      return testImage(image.path, labelOf(image.folders[0]!), mask === undefined ? [] : [mask]);
    });
    const train = rgb(tree, "train");
    const bad = train.find(({ folders }) => labelOf(folders[0]!) !== normalLabel);
    if (bad !== undefined) {
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        `${bad.path} lies in a training folder that is not called good; ${mvtec3d.title} has ${mvtec3d.layout}.`,
      );
    }
    return {
      train: train.map(({ path }) => path),
      ...(validation.length > 0 && { validation }),
      test,
      unusedMasks: [...masks.values()],
    };
  },
};

function rgb(tree: Tree, part: string): TreeImage[] {
  return imagesBelow(tree, part).filter(({ folders }) => folders[1]?.toLowerCase() === "rgb");
}

/** What an image and its mask have in common: label and name. */
function placeOf({ folders, stem }: TreeImage): string {
  return `${folders[0]!.toLowerCase()}/${stem}`;
}
