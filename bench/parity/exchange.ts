import { join } from "node:path";
import type { RawImage } from "../../lib/image/raw-image.js";
import { writeModelFile } from "../../lib/model-file/file.js";
import type { NativeModel } from "../../lib/native/addon.js";
import type { ModelDescription, Loss } from "../../lib/options/model.js";
import { writeSafetensors } from "../../lib/safetensors/writer.js";
import { training } from "./computed.js";
import type { ReferenceTracer } from "./reference.js";

/** What the reference reads: the files of one model and one batch. */
export interface ExchangedFiles {
  model: string;
  images: string;
}

/** Writes a model that was not trained and a batch of images of one size into a folder, for the reference. */
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
 * Has the reference compute what `computeNatively` does.
 *
 * @param samples Values of each tensor to keep.
 * @param out The golden file to write.
 */
export async function traceByReference(
  tracer: ReferenceTracer,
  files: ExchangedFiles,
  loss: Loss,
  samples: number,
  out: string,
): Promise<void> {
  await tracer.trace({ ...files, ...training, loss, samples, out });
}
