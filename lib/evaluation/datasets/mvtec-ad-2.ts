import { ReverseDistillationError } from "../../errors/error.js";
import { isMaskFolder } from "../../image/names.js";
import { normalLabel } from "./dataset.js";
import {
  labelledTest,
  onlyTraining,
  testImage,
  trainingImages,
  withNotes,
  type DatasetFormat,
} from "./format.js";
import { imagesBelow } from "./tree.js";

/**
 * MVTec AD 2 (Heckler-Kram et al. 2025), for one of its categories:
 *
 *     train/good/000_regular.png
 *     validation/good/000_regular.png
 *     test_public/good/000_regular.png            the name's end tells the lighting
 *     test_public/bad/000_overexposed.png
 *     test_public/ground_truth/bad/000_overexposed_mask.png
 *     test_private/000.png                        without labels: not opened
 *     test_private_mixed/000_mixed.png            without labels: not opened
 *
 * The group of a test image is its lighting.
 */
export const mvtecAd2: DatasetFormat = {
  name: "mvtec-ad-2",
  title: "MVTec AD 2",
  layout:
    "train/good/*, validation/good/*, test_public/good/*, test_public/bad/*, test_public/ground_truth/bad/<name>_mask.png",
  fits: (tree) => imagesBelow(tree, "test_public").length > 0,
  open: (tree, options) => {
    const training = trainingImages(tree, imagesBelow(tree, "train"), options);
    if (options.training) return onlyTraining(tree, training);
    const { notes, ...trained } = training;
    const validation = imagesBelow(tree, "validation", normalLabel).map(({ path }) =>
      testImage(path, normalLabel),
    );
    const images = imagesBelow(tree, "test_public");
    const masks = images
      .filter(({ folders }) => isMaskFolder(folders[0] ?? ""))
      .map((mask) => ({ ...mask, folders: mask.folders.slice(1) }));
    const tested = images.filter(({ folders }) => !isMaskFolder(folders[0] ?? ""));
    const { test, unusedMasks } = labelledTest(
      tested,
      masks,
      ({ path }) =>
        new ReverseDistillationError(
          "INVALID_ARGUMENT",
          `${path} lies in the folder test_public itself, where nothing says what it shows; ${mvtecAd2.layout}.`,
        ),
    );
    const lighting = new Map(tested.map(({ path, stem }) => [path, /_([a-z]+)/i.exec(stem)?.[1]]));
    return withNotes(
      {
        ...trained,
        ...(validation.length > 0 && { validation }),
        test: test.map((item) => {
          const group = lighting.get(item.image);
          return group === undefined ? item : { ...item, group };
        }),
        unusedMasks,
      },
      notes,
    );
  },
};
