import { basename, resolve } from "node:path";
import { Detector } from "../../lib/detector/detector.js";
import { openDataset } from "../../lib/evaluation/dataset.js";
import { decodeImage } from "../../lib/image/decode.js";
import type { Addon, NativeModel } from "../../lib/native/addon.js";
import { alternate, comparison, distribution, settle, timed, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";

const batchSize = 8;

/**
 * Compares the evaluation of a data set, from the image files to the report, with the same in batches of one image, and
 * with the networks alone: scoring the decoded images in the same batches, which no evaluation can undercut.
 *
 * @param model The file of the model.
 * @param native The same model.
 */
export async function compareEvaluation(
  addon: Addon,
  model: string,
  native: NativeModel,
  folder: string,
  { rounds }: Effort,
): Promise<Comparison> {
  const dataset = await openDataset(folder);
  await using detector = await Detector.load(model, { precision: native.config.precision });
  const images = await Promise.all(dataset.test.map(({ image }) => decodeImage(image)));
  const networks = async () => {
    for (let from = 0; from < images.length; from += batchSize)
      await native.score(images.slice(from, from + batchSize), 0, new addon.CancelToken());
  };
  const sides = {
    ours: () => timed(() => detector.evaluate(dataset, { batchSize })),
    reference: () => timed(() => detector.evaluate(dataset, { batchSize: 1 })),
    networks: () => timed(networks),
  };
  await alternate(1, sides, settle);
  const { ours, reference, networks: alone } = await alternate(rounds, sides, settle);
  const subject = {
    job: `evaluate, resnet18, ${basename(resolve(folder))}`,
    unit: `${images.length} images`,
    against: "in batches of one",
  };
  return {
    ...comparison(subject, ours, reference),
    figures: { "share of the networks": distribution(alone).median / distribution(ours).median },
  };
}
