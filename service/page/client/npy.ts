/** A map as the service sends it. */
export interface ScoreMap {
  data: Float32Array;
  width: number;
  height: number;
}

/**
 * Reads float32 of the shape [height, width] in NumPy's format, version 1.0.
 *
 * @throws Error if it is something else.
 */
export function parseNpy(bytes: ArrayBuffer): ScoreMap {
  const view = new DataView(bytes);
  const start = 10 + view.getUint16(8, true);
  const header = new TextDecoder("latin1").decode(new Uint8Array(bytes, 10, start - 10));
  const [, height, width] = /'<f4'.*False.*\((\d+), (\d+)\)/.exec(header) ?? [];
  if (height === undefined || width === undefined) throw new Error("The map is not in NumPy's format.");
  const size = { width: Number(width), height: Number(height) };
  return { ...size, data: new Float32Array(bytes, start, size.width * size.height) };
}
