import { availableParallelism } from "node:os";
import { invalid, path as checkPath } from "../errors/validate.js";
import { decodeImage, type ImageInput } from "./decode.js";
import { isRawLike, type RawImage } from "./raw-image.js";
import { readAhead } from "./read-ahead.js";

/**
 * Images to train on: a folder (a path or `file:` URL), or a list or iterable, asynchronous or not,
 * of single images.
 */
export type ImageSource = string | URL | Iterable<ImageInput> | AsyncIterable<ImageInput>;

/** Images to be decoded at once: more would only fill memory. */
const decoders = Math.min(4, availableParallelism());

/** A source that was opened: its images, not yet read, and how many they are, if that is known. */
export interface OpenedSource {
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>;
  total: number | undefined;
  /** Paths of the images, as far as they are known before they are read. */
  files: readonly string[];
}

/**
 * Opens a list or an iterable of images.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`
 */
export function openImages(source: Iterable<ImageInput> | AsyncIterable<ImageInput>): OpenedSource {
  if (!isIterable(source)) {
    throw invalid("images", "the path of a folder, or a list or iterable of images", source);
  }
  if (!Array.isArray(source)) return { images: source, total: undefined, files: [] };
  const list = source as readonly ImageInput[];
  return { images: list, total: list.length, files: list.flatMap(pathOf) };
}

/** The path of an image that is given by one. */
function pathOf(image: ImageInput): string[] {
  return typeof image === "string" || image instanceof URL ? [checkPath("the path of an image", image)] : [];
}

/** How {@link decodeAhead} goes about it. */
export interface DecodeAheadOptions {
  /**
   * Whether raw pixels are in use only until the next image is asked for. Then the source is not
   * asked for more meanwhile, as their owner may hand out the same memory again.
   */
  lent: boolean;
  signal?: AbortSignal | undefined;
}

/** Decodes images in their order, a few ahead of the consumer. */
export function decodeAhead(
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  { lent, signal }: DecodeAheadOptions,
): AsyncGenerator<RawImage> {
  return readAhead(images, decodeImage, { limit: decoders, signal, ...(lent && { lent: isRawLike }) });
}

function isIterable(value: unknown): value is Iterable<ImageInput> | AsyncIterable<ImageInput> {
  // A buffer is iterable too, but its items are numbers.
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}
