import { rowStride, type RawImage } from "./raw-image.js";

/** About how many values of an image are examined at most. */
const most = 250_000;

/** Values of an image, spread evenly if it has many, without alpha and padding. */
export function sampledValues(image: RawImage): RawImage["data"] {
  const { data, width, height, channels } = image;
  const colours = channels === 4 ? 3 : channels;
  const count = width * height * colours;
  // Not a multiple of 2 or 3, so that no channel or colour of a Bayer pattern is left out.
  const step = 6 * Math.floor(count / most / 6) + 1;
  const stride = rowStride(image) / data.BYTES_PER_ELEMENT;
  return new Uint16Array(Math.ceil(count / step)).map((_, i) => {
    const pixel = Math.floor((i * step) / colours);
    const place = (pixel % width) * channels + ((i * step) % colours);
    return data[Math.floor(pixel / width) * stride + place]!;
  });
}
