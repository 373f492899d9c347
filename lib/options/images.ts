import { wholeNumber } from "./kind.js";
import { option } from "./option.js";

/** Limits on the images that a call decodes. */
export const imageOptions = {
  /**
   * Largest number of pixels, width times height, of an image or mask in a file. The size is read from the file's
   * header, before pixels are decoded: a file of less than a megabyte may hold billions of them. Raw pixels have no
   * limit.
   * @defaultValue 64000000
   */
  maxPixels: option(wholeNumber(1, 2 ** 32), {
    default: 64_000_000,
    help: "largest number of pixels of an image; larger ones are not decoded",
  }),
};
