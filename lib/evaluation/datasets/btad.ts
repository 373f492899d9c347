import type { DatasetFormat } from "./format.js";
import { mvtecAd } from "./mvtec-ad.js";
import { imagesBelow } from "./tree.js";

/**
 * BTAD (Mishra et al. 2021), for one of its products, 01 to 03:
 *
 *     train/ok/0000.bmp               .png in 02, .bmp in 01 and 03
 *     test/ok/0000.bmp
 *     test/ko/0000.bmp
 *     ground_truth/ko/0000.png        the same name as the image's, .bmp or .png
 */
export const btad: DatasetFormat = {
  ...mvtecAd,
  name: "btad",
  title: "BTAD",
  layout: "train/ok/*, test/ok/*, test/ko/* and ground_truth/ko/<name>.png",
  fits: (tree) => imagesBelow(tree, "test", "ko").length > 0,
};
