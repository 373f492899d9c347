import { basename, resolve } from "node:path";
import { openDataset } from "../../lib/evaluation/dataset.js";
import type { Addon } from "../../lib/native/addon.js";
import { trainingDefaults } from "../../lib/options/training.js";
import { describe } from "../parity/inputs.js";
import { compareTrainings } from "../parity/training-run.js";
import { comparison, type Comparison } from "./compare.js";

/** The image AUROC that both sides must reach for their times to count. */
const wantedAuroc = 0.98;
const side = 128;
const epochs = 5;

/** Paths of a data set and of the teacher's weights. */
export interface Material {
  dataset: string;
  weights: string;
}

/**
 * Compares a whole training, from the image files to the last epoch, with a number of epochs known to suffice. It runs
 * only once, because it takes minutes.
 *
 * @throws Error if the detector of either side does not reach the AUROC.
 */
export async function compareWholeTraining(
  addon: Addon,
  python: string,
  { dataset, weights }: Material,
): Promise<Comparison> {
  const description = { ...describe("resnet18", "paper"), imageSize: [side, side] as [number, number] };
  const settings = { ...trainingDefaults, epochs };
  const opened = await openDataset(dataset);
  const found = await compareTrainings(addon, python, opened, description, settings, weights);
  for (const [name, { imageAuroc }] of Object.entries({ addon: found.addon, reference: found.reference })) {
    if (imageAuroc === null || imageAuroc < wantedAuroc) {
      throw new Error(`The ${name} reaches an image AUROC of only ${imageAuroc}, below ${wantedAuroc}.`);
    }
  }
  const subject = {
    job: `training to an image AUROC of ${wantedAuroc}, ${basename(resolve(dataset))}`,
    unit: `${epochs} epochs at ${side} x ${side}`,
  };
  return {
    ...comparison(subject, [found.addon.seconds], [found.reference.seconds]),
    figures: { "AUROC here": found.addon.imageAuroc!, "AUROC of Python": found.reference.imageAuroc! },
  };
}
