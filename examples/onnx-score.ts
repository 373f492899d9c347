/**
 * Scores images with an exported model and ONNX Runtime alone: neither LibTorch nor the addon is loaded.
 *
 *   npm install reverse-distillation onnxruntime-node
 *   npx reverse-distillation export parts.safetensors --out parts.onnx
 *   npx tsx onnx-score.ts parts.onnx parts/new/0815.png parts/new/0816.png
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { preprocess } from "reverse-distillation/preprocess";

const [model, ...images] = process.argv.slice(2);
if (model === undefined || images.length === 0) {
  console.error("usage: onnx-score.ts <model.onnx> <images...>");
  process.exit(2);
}

const session = await InferenceSession.create(model);
const [height, width] = sizeOf(session);
// An export that pads takes the sizes of the images too, so that their padding does not count.
const pads = session.inputNames.includes("sizes");
for (const image of images) {
  const { data, dims, originalSize } = await preprocess(image, [height, width], {
    fit: pads ? "pad" : "stretch",
  });
  const sizes = new Tensor("int64", BigInt64Array.from(originalSize, BigInt), [1, 2]);
  const { map, score } = await session.run({
    images: new Tensor("uint8", data, dims),
    ...(pads && { sizes }),
  });
  const values = map!.data as Float32Array;
  const [value] = score!.data as Float32Array;
  const worst = values.indexOf(value!);
  console.log(`${value!.toFixed(6)}\t${worst % width},${Math.floor(worst / width)}\t${image}`);
}
await session.release();

/** The size of the model's input, [N, height, width, 3]. */
function sizeOf({ inputMetadata: [input] }: InferenceSession): [height: number, width: number] {
  if (!input?.isTensor || input.type !== "uint8") {
    throw new Error("The model's input is not pixels. Export it with --input uint8.");
  }
  const [, height, width] = input.shape;
  return [Number(height), Number(width)];
}
