import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Detector } from "../detector/detector.js";
import { ReverseDistillationError } from "../errors/error.js";
import { messageOf } from "../errors/message-of.js";
import { printable } from "../files/system-path.js";

/**
 * Saves a detector that took long to train. If it cannot be saved where it should be, it goes to a new folder for
 * temporary files, which the error names.
 *
 * @throws ReverseDistillationError as `Detector.save`
 */
export async function saveSomewhere(detector: Detector, out: string, signal: AbortSignal): Promise<void> {
  try {
    await detector.save(out, { signal });
  } catch (error) {
    if (!(error instanceof ReverseDistillationError) || error.code === "ABORTED") throw error;
    throw new ReverseDistillationError(
      error.code,
      `${error.message} ${await rescue(detector, out, signal)}`,
      {
        cause: error,
      },
    );
  }
}

/** @returns what became of the detector, as a sentence. */
async function rescue(detector: Detector, out: string, signal: AbortSignal): Promise<string> {
  try {
    const folder = await mkdtemp(join(tmpdir(), "reverse-distillation-model-"));
    const path = join(folder, basename(out));
    await detector.save(path, { signal });
    return `The model was saved to ${printable(path)} instead; move it to a safe place.`;
  } catch (error) {
    return `It could not be saved to the folder for temporary files either: ${messageOf(error)}`;
  }
}
