import { join } from "node:path";
import type { RawImage } from "../../lib/image/raw-image.js";
import { writeModelFile } from "../../lib/model-file/file.js";
import type { NativeModel } from "../../lib/native/addon.js";
import type { ModelDescription } from "../../lib/options/model.js";
import type { Loss } from "../../lib/options/training.js";
import { writeSafetensors } from "../../lib/safetensors/writer.js";
import type { ComparedTraining } from "./computed.js";
import type { ReferenceTracer } from "./reference.js";

/** The files that the reference reads: a model and a batch of images. */
export interface ExchangedFiles {
  model: string;
  images: string;
}

/** Writes an untrained model and a batch of images of equal size to a folder, for the reference. */
export async function writeForReference(
  folder: string,
  model: NativeModel,
  description: ModelDescription,
  images: readonly RawImage[],
): Promise<ExchangedFiles> {
  const files = { model: join(folder, "model.safetensors"), images: join(folder, "images.safetensors") };
  await writeModelFile(files.model, model, { model: description, training: null });
  const [{ width, height }] = images as [RawImage];
  const shape = [images.length, height, width, 3];
  const data = Buffer.concat(images.map((image) => new Uint8Array(image.data)));
  await writeSafetensors(files.images, [{ name: "images", dtype: "U8", shape, data }], {});
  return files;
}

/**
 * Lets the reference compute the same as `computeNatively`.
 *
 * @param samples Number of values to keep of each tensor.
 * @param out The golden file to write.
 */
export async function traceByReference(
  tracer: ReferenceTracer,
  files: ExchangedFiles,
  loss: Loss,
  training: ComparedTraining,
  samples: number,
  out: string,
): Promise<void> {
  await tracer.trace({ ...files, ...training, loss, samples, out });
}
