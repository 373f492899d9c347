/**
 * What happens to an image before a detector's networks see it, for use beside a runtime of one's own. It needs no
 * LibTorch and loads none.
 *
 * @module
 */
export { preprocess } from "./image/preprocess.js";
export { normalise } from "./image/normalise.js";
export type { NormalisedPixels } from "./image/normalise.js";
export type { Pixels } from "./image/pixels.js";
export type { ImageInput } from "./image/decode.js";
export type { RawImage } from "./image/raw-image.js";
export type { Normalisation } from "./options/model.js";
export { errorCodes, ReverseDistillationError } from "./errors/error.js";
export type { ErrorCode } from "./errors/error.js";
