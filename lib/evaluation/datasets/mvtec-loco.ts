import { labelledTest, onlyTraining, trainingImages, withNotes, type DatasetFormat } from "./format.js";
import { maskFiles, validationOf, withoutLabel } from "./mvtec-ad.js";
import { imagesBelow } from "./tree.js";

/**
 * MVTec LOCO AD (Bergmann et al. 2022), for one of its categories:
 *
 *     train/good/000.png
 *     validation/good/000.png
 *     test/good/000.png
 *     test/logical_anomalies/000.png              and structural_anomalies
 *     ground_truth/logical_anomalies/000/000.png  one mask for each defect of the image; their union counts
 *
 * A mask's value says what is missing or in the wrong place (236 to 255); every value but 0 is marked.
 */
export const mvtecLoco: DatasetFormat = {
  name: "mvtec-loco",
  title: "MVTec LOCO AD",
  layout:
    "train/good/*, validation/good/*, test/good/*, test/<kind>_anomalies/*, ground_truth/<kind>_anomalies/<name>/*.png",
  fits: (tree) => {
    const kinds = ["logical_anomalies", "structural_anomalies"];
    return kinds.some((kind) => imagesBelow(tree, "test", kind).length > 0);
  },
  open: (tree, options) => {
    const training = trainingImages(tree, imagesBelow(tree, "train"), options);
    if (options.training) return onlyTraining(tree, training);
    const { notes, ...trained } = training;
    const tested = labelledTest(imagesBelow(tree, "test"), maskFiles(tree), withoutLabel);
    return withNotes({ ...trained, ...validationOf(tree), ...tested }, notes);
  },
};
