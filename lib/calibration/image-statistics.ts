/** Statistics of an image at the model's size, which tell whether light or camera have changed. */
export interface ImageStatistics {
  /** The mean of its luma (Rec. 601), from 0 to 1. */
  brightness: number;
  /** The standard deviation of its luma, from 0 to 0.5. */
  contrast: number;
  /** The mean absolute difference of neighbouring pixels, as a share of the contrast. Defocus and motion blur lower it. */
  sharpness: number;
}

export const imageStatistics = ["brightness", "contrast", "sharpness"] as const;
