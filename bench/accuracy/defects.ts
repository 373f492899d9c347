import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { openDataset } from "../../lib/evaluation/dataset.js";
import { describeEnvironment } from "../environment.js";
import type { DefectResult, Settings } from "./results.js";
import { secondsSince, trainForBenchmark } from "./training.js";

/**
 * Finds the data sets at a path: the folder itself if it contains `train`, or else those of its subfolders that do, as
 * in the archive of all categories of MVTec AD.
 *
 * @throws Error if there are none.
 */
export async function findDefectSets(path: string): Promise<string[]> {
  const root = resolve(path);
  if (await isFolder(join(root, "train"))) return [root];
  const found: string[] = [];
  for (const name of (await readdir(root)).sort()) {
    if (await isFolder(join(root, name, "train"))) found.push(join(root, name));
  }
  if (found.length > 0) return found;
  throw new Error(
    `Neither ${root} nor any of its subfolders contains a folder "train". Use the layout of MVTec AD.`,
  );
}

/** Trains on the normal images of a data set, and evaluates on its test images. */
export async function runDefects(
  folder: string,
  settings: Settings,
  weights: string | undefined,
): Promise<DefectResult> {
  const subject = basename(folder);
  const dataset = await openDataset(folder);
  const { detector, seconds } = await trainForBenchmark(subject, dataset.train, settings, weights);
  try {
    const started = performance.now();
    const { overall } = await detector.evaluate(dataset, { resamples: 0 });
    return {
      protocol: "defects",
      subject,
      settings,
      images: {
        train: dataset.train.length,
        good: overall.good,
        defective: overall.defective,
        withMask: overall.defective - overall.withoutMask,
      },
      imageAuroc: overall.image.auroc,
      imageAveragePrecision: overall.image.averagePrecision,
      pixelAuroc: overall.pixel?.auroc ?? null,
      pixelAveragePrecision: overall.pixel?.averagePrecision ?? null,
      proDataset: overall.pixel?.pro.dataset ?? null,
      proImageMean: overall.pixel?.pro.imageMean ?? null,
      trainSeconds: seconds,
      scoreSeconds: secondsSince(started),
      environment: await describeEnvironment(),
    };
  } finally {
    await detector.dispose();
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
