import type { Samples } from "../samples.js";

/** Where the pixel that is to lie at (x, y) of a turned picture comes from, by orientation; of width x height before. */
const sources: Record<number, (x: number, y: number, width: number, height: number) => [number, number]> = {
  2: (x, y, width) => [width - 1 - x, y],
  3: (x, y, width, height) => [width - 1 - x, height - 1 - y],
  4: (x, y, _, height) => [x, height - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, _, height) => [y, height - 1 - x],
  7: (x, y, width, height) => [width - 1 - y, height - 1 - x],
  8: (x, y, width) => [width - 1 - y, x],
};

/** Turns and mirrors a picture as its orientation says: 1 to 8, as in TIFF and EXIF. Anything else leaves it as it is. */
export function applyOrientation(samples: Samples, orientation: number): Samples {
  const source = sources[orientation];
  if (source === undefined) return samples;
  const { data, width, height, channels } = samples;
  const turned = orientation >= 5 ? { width: height, height: width } : { width, height };
  const pixels = new (data.constructor as new (length: number) => Samples["data"])(data.length);
  // Along a row of the result, the place in the source moves by the same step from pixel to pixel.
  const place = (x: number, y: number) => {
    const [fromX, fromY] = source(x, y, width, height);
    return (fromY * width + fromX) * channels;
  };
  for (let y = 0, to = 0; y < turned.height; y++) {
    let from = place(0, y);
    const step = turned.width > 1 ? place(1, y) - from : 0;
    for (let x = 0; x < turned.width; x++, from += step) {
      for (let channel = 0; channel < channels; channel++) pixels[to++] = data[from + channel]!;
    }
  }
  return { ...samples, ...turned, data: pixels };
}
