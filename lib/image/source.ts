import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { invalid, path as checkPath } from "../errors/validate.js";
import { ioError } from "../files/io-error.js";
import { decodeImage, type ImageInput } from "./decode.js";
import { listImages } from "./folder.js";
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
 * Opens a source. In a folder that holds `train/good`, as data sets in MVTec AD's layout do, or else
 * `train`, the images are those below that; in any other, all below it.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `NO_IMAGES`, `INVALID_ARGUMENT` or `IO`
 */
export async function openImageSource(source: ImageSource): Promise<OpenedSource> {
  if (typeof source === "string" || source instanceof URL) {
    const images = await listImages(await trainingFolder(checkPath("images", source)));
    return { images, total: images.length, files: images };
  }
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

/** The folder of normal images: `train/good` or `train` where there is one. */
async function trainingFolder(folder: string): Promise<string> {
  for (const candidate of [join(folder, "train", "good"), join(folder, "train")]) {
    if (await isFolder(candidate)) return candidate;
  }
  return folder;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw ioError(error, "Looking for images", path);
  }
}

function isIterable(value: unknown): value is Iterable<ImageInput> | AsyncIterable<ImageInput> {
  // A buffer is iterable too, but its items are numbers.
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}
