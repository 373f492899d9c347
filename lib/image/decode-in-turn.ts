import { availableParallelism } from "node:os";
import { throwIfAborted } from "../errors/abort.js";
import { Turns } from "../errors/turns.js";
import { decodeImage, type DecodeOptions, type ImageInput } from "./decode.js";
import { asDecodedHere, type ScorableImage } from "./lent-image.js";
import { asShrunk } from "./original-size.js";
import { isRawLike, type RawImage } from "./raw-image.js";

/**
 * Images that are decoded at the same time: more would only fill memory, and occupy all of the four threads that Node.js
 * has for the process's files.
 */
export const decoders = Math.min(3, availableParallelism());

/** All detectors and trainings of this JavaScript thread share them. */
const turns = new Turns(decoders);

/** How {@link decodeInTurn} decodes. */
export interface DecodeInTurnOptions<T extends ScorableImage = RawImage> extends DecodeOptions {
  /** What becomes of decoded pixels before the next image is decoded in their place. */
  shrink?: ((image: RawImage) => Promise<T>) | undefined;
  /** Rejects as soon as it is aborted, unless the image is being decoded: then when that has ended. */
  signal?: AbortSignal | undefined;
}

/**
 * Decodes an image when it is its turn, so that few images are decoded at the same time, however many wait. Raw pixels
 * are there already: they are checked, and neither wait nor shrink.
 *
 * @throws ReverseDistillationError as `decodeImage`; `ABORTED`; whatever shrinking throws.
 */
export function decodeInTurn(input: ImageInput, options?: DecodeOptions): Promise<RawImage>;
export function decodeInTurn<T extends ScorableImage>(
  input: ImageInput,
  options: DecodeInTurnOptions<T>,
): Promise<RawImage | T>;
export async function decodeInTurn<T extends ScorableImage>(
  input: ImageInput,
  { shrink, ...options }: DecodeInTurnOptions<T> = {},
): Promise<RawImage | T> {
  if (isRawLike(input)) return decodeImage(input, options);
  const { signal } = options;
  return turns.use(
    1,
    async () => {
      const image = await decodeImage(input, options);
      throwIfAborted(signal);
      return asDecodedHere(shrink === undefined ? image : asShrunk(await shrink(image), image));
    },
    signal,
  );
}
