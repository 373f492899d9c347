/**
 * Trains a detector on a folder of images of good parts and saves it as one file.
 *
 *   npx tsx train-and-save.ts parts/good parts.safetensors
 *
 * torchvision's ImageNet weights are downloaded once (45 MB). `--weights` names a file instead; `--weights none`
 * trains with a random teacher, which finds fewer defects. `--epochs` and `--image-size` change the defaults.
 */
import { parseArgs } from "node:util";
import { train, type TrainProgress } from "reverse-distillation";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    weights: { type: "string", default: "imagenet" },
    epochs: { type: "string", default: "20" },
    "image-size": { type: "string", default: "256" },
  },
});
const [images, model] = positionals;
if (images === undefined || model === undefined) {
  console.error("usage: train-and-save.ts <folder of good parts> <model.safetensors>");
  process.exit(2);
}

// Ctrl-C stops the training between two batches.
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

await using detector = await train(images, {
  weights: values.weights === "none" ? undefined : values.weights,
  epochs: Number(values.epochs),
  imageSize: Number(values["image-size"]),
  signal: interrupted.signal,
  onProgress: (progress) => process.stderr.write(`\r${describe(progress).padEnd(50)}`),
});
await detector.save(model);
process.stderr.write("\n");
console.log(`Trained on ${detector.training?.images} images, saved ${model}`);

function describe(progress: TrainProgress): string {
  switch (progress.phase) {
    case "downloading":
      return `downloading weights: ${Math.round(progress.bytes / 1e6)} MB`;
    case "reading":
      return `reading image ${progress.images} of ${progress.total ?? "?"}`;
    case "training":
      return `epoch ${progress.epoch} of ${progress.epochs}: loss ${progress.loss.toFixed(4)}, ${Math.ceil(progress.secondsLeft)} s left`;
    case "calibrating":
      return `calibrating on image ${progress.images} of ${progress.total}`;
    case "checkpoint":
    case "resumed":
      return `${progress.phase}: ${progress.epochs} epochs done`;
  }
}
