/**
 * The preprocessing that a detector applies to an image, for running exports in another runtime. It does not need or
 * load LibTorch.
 *
 * @module
 */
export { preprocess, type PreprocessOptions } from "./image/preprocess.js";
export { normalise } from "./image/normalise.js";
export type { NormalisedPixels } from "./image/normalise.js";
export type { Pixels, PreprocessedImage } from "./image/pixels.js";
export type { ImageInput } from "./image/decode.js";
export type { RawImage } from "./image/raw-image.js";
export type { Levels, LevelRange } from "./options/levels.js";
export type { Normalisation } from "./options/model.js";
export { errorCodes, ReverseDistillationError } from "./errors/error.js";
export type { ErrorCode } from "./errors/error.js";
