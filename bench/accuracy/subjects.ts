import { basename } from "node:path";
import type { Detector } from "../../lib/detector/detector.js";
import { normalLabel, openDataset } from "../../lib/evaluation/dataset.js";
import { auroc } from "../../lib/evaluation/metrics/index.js";
import type { ImageSource } from "../../lib/image/source.js";
import { imageAurocs, trainingImages, type classes, type FashionMnist } from "./fashion-mnist.js";

/** What recipes are compared on: good images to train on, and a way to evaluate. */
export interface Subject {
  name: string;
  train: ImageSource;
  imageAuroc: (detector: Detector) => Promise<number>;
  /** With the mean of the largest values of a map as the score, by their share of the map; null where not measured. */
  topAurocs: (detector: Detector) => Promise<Record<string, number> | null>;
  /** Of the maps; null where there are no masks. */
  pixels: (detector: Detector) => Promise<{ pixelAuroc: number | null; pro: number | null }>;
}

/** The shares of a map whose mean could be the score instead of its maximum. */
export const topShares = [0.001, 0.005, 0.01] as const;

function meanOfLast(sorted: Float32Array, count: number): number {
  return sorted.subarray(sorted.length - count).reduce((sum, value) => sum + value, 0) / count;
}

/** A data set in a folder. */
export async function folderSubject(folder: string): Promise<Subject> {
  const dataset = await openDataset(folder);
  return {
    name: basename(folder),
    train: dataset.train,
    async imageAuroc(detector) {
      const { overall } = await detector.evaluate(dataset, { pixels: false, resamples: 0 });
      return overall.image.auroc!;
    },
    async topAurocs(detector) {
      const scores = new Map<number, number[]>(topShares.map((share) => [share, []]));
      for (const { image } of dataset.test) {
        const sorted = (await detector.score(image)).map.data.toSorted();
        for (const [share, all] of scores) all.push(meanOfLast(sorted, Math.round(share * sorted.length)));
      }
      const labels = dataset.test.map(({ label }) => label !== normalLabel);
      return Object.fromEntries([...scores].map(([share, all]) => [share, auroc(all, labels)!]));
    },
    async pixels(detector) {
      const { overall } = await detector.evaluate(dataset, { resamples: 0 });
      return { pixelAuroc: overall.pixel?.auroc ?? null, pro: overall.pixel?.pro.dataset ?? null };
    },
  };
}

/** What the names of classes begin with. */
export const fashionMnist = "fashion-mnist/";

/** A class of Fashion-MNIST against the nine others. */
export function classSubject(data: FashionMnist, name: (typeof classes)[number]): Subject {
  return {
    name: fashionMnist + name,
    train: trainingImages(data, name),
    imageAuroc: async (detector) => (await imageAurocs(detector, data, name)).imageAuroc!,
    topAurocs: () => Promise.resolve(null),
    pixels: () => Promise.resolve({ pixelAuroc: null, pro: null }),
  };
}
