import { reading } from "../errors/reading.js";
import { invalid, path as checkPath } from "../errors/validate.js";
import { decodeInTurn, decoders, type DecodeInTurnOptions } from "./decode-in-turn.js";
import type { ImageInput } from "./decode.js";
import type { ScorableImage } from "./lent-image.js";
import { isRawLike, type RawImage } from "./raw-image.js";
import { readAhead } from "./read-ahead.js";

/**
 * Images to train on: a folder or manifest (a path or `file:` URL), or a list or iterable of images, which may be
 * asynchronous.
 */
export type ImageSource = string | URL | Iterable<ImageInput> | AsyncIterable<ImageInput>;

/** A source that was opened: its images, not read yet, and their number if it is known. */
export interface OpenedSource {
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>;
  total: number | undefined;
  /** The paths of the images, if they are known before they are read. */
  files: readonly string[];
}

/**
 * Opens a list or an iterable of images.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function openImages(source: Iterable<ImageInput> | AsyncIterable<ImageInput>): OpenedSource {
  return reading("images", () => {
    if (!isIterable(source)) {
      throw invalid("images", "the path of a folder, or a list or iterable of images", source);
    }
    if (!Array.isArray(source)) return { images: source, total: undefined, files: [] };
    const list = source as readonly ImageInput[];
    return { images: list, total: list.length, files: list.flatMap(pathOf) };
  });
}

/** The path of an image, if it is given as a path. */
function pathOf(image: ImageInput): string[] {
  return typeof image === "string" || image instanceof URL ? [checkPath("the path of an image", image)] : [];
}

/** How {@link decodeAhead} decodes. */
export interface DecodeAheadOptions<T extends ScorableImage = RawImage> extends DecodeInTurnOptions<T> {
  /**
   * Whether raw pixels are only used until the consumer asks for the next image. Then the source is not read ahead, because
   * it may use the same memory for its next image.
   */
  lent: boolean;
}

/** Decodes images in order, a few ahead of the consumer. */
export function decodeAhead<T extends ScorableImage = RawImage>(
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  { lent, ...options }: DecodeAheadOptions<T>,
): AsyncGenerator<RawImage | T> {
  const decode = (image: ImageInput) => decodeInTurn(image, options);
  const { signal } = options;
  return readAhead(images, decode, { limit: decoders, signal, ...(lent && { lent: isRawLike }) });
}

function isIterable(value: unknown): value is Iterable<ImageInput> | AsyncIterable<ImageInput> {
  // A buffer is iterable too, but its items are numbers.
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}
