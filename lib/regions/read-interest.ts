import { ReverseDistillationError } from "../errors/error.js";
import { messageOf } from "../errors/message-of.js";
import { decodeMask } from "../evaluation/mask.js";
import { invalidFile } from "../files/invalid-file.js";
import { readTextFile } from "../files/text-file.js";
import type { DecodeOptions } from "../image/decode.js";
import { mostRuns, storedInterest, type InterestMask, type RegionOfInterest } from "../options/roi.js";

/**
 * Reads a region of interest, unless it is one already: polygons from a JSON file, or a mask from any other file, which
 * must be an image.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_FILE` if the JSON file contains no region of interest or a
 * mask has one value or too many edges, `INVALID_IMAGE`, `ABORTED`
 */
export async function readInterest(
  given: string | RegionOfInterest | undefined,
  options: DecodeOptions,
): Promise<RegionOfInterest | undefined> {
  if (typeof given !== "string") return given;
  return /\.json$/i.test(given) ? readPolygons(given) : readMask(given, options);
}

async function readPolygons(path: string): Promise<RegionOfInterest> {
  const text = await readTextFile(path);
  try {
    return storedInterest.check("roi", JSON.parse(text) ?? {})!;
  } catch (error) {
    throw invalidFile(path, `contains no region of interest: ${messageOf(error)}`, error);
  }
}

async function readMask(path: string, options: DecodeOptions): Promise<InterestMask> {
  const { height, width, pixels, count } = await decodeMask(path, options);
  if (count === 0 || count === pixels.length) {
    throw new ReverseDistillationError(
      "INVALID_FILE",
      `${path} is no region of interest: as a mask, it marks ${count === 0 ? "nothing" : "the whole image"}. ` +
        "Paint what is to be inspected white, and the rest black.",
    );
  }
  const runs = runsOf(pixels);
  if (runs.length <= mostRuns) return { mask: { height, width, runs } };
  throw invalidFile(
    path,
    `has too many edges for a region of interest: ${runs.length} runs of pixels, and at most ${mostRuns} are allowed. ` +
      "Scale it down to about the model's image size, or smooth its edges.",
  );
}

/** Lengths of runs of pixels that are outside, inside, outside, and so on. */
function runsOf(pixels: Uint8Array): number[] {
  const runs: number[] = [];
  let [value, begin] = [0, 0];
  for (const [at, pixel] of pixels.entries()) {
    if (pixel === value) continue;
    runs.push(at - begin);
    [value, begin] = [pixel, at];
  }
  runs.push(pixels.length - begin);
  return runs;
}
