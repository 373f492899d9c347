/** Where an image is anomalous: one value per pixel of the image at the model's size. Higher is more anomalous. */
export interface AnomalyMap {
  /** height x width values, row by row from the top. They lie in LibTorch's memory, which is freed with this array. */
  data: Float32Array;
  height: number;
  width: number;
}
