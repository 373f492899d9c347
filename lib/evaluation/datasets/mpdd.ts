import type { DatasetFormat } from "./format.js";
import { mvtecAd } from "./mvtec-ad.js";

/**
 * MPDD, painted metal parts (Jezek et al. 2021), for one of its categories, in the layout of MVTec AD:
 *
 *     train/good/000.png
 *     test/good/000.png
 *     test/<defect>/000.png
 *     ground_truth/<defect>/000_mask.png
 */
export const mpdd: DatasetFormat = { ...mvtecAd, name: "mpdd", title: "MPDD" };
