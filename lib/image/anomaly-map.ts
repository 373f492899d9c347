/** Where the anomaly is: one value a pixel of the network's image, higher is more anomalous. */
export interface AnomalyMap {
  /** height x width values, row by row from the top. Over memory of LibTorch's, freed when it is collected. */
  data: Float32Array;
  height: number;
  width: number;
}
